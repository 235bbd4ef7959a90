#include "nn/layers/dropout.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/noise.hpp"

namespace dtheta::nn {

void detail::require_keep_prob(double keep_prob) {
  if (!(keep_prob > 0 && keep_prob <= 1)) {
    throw ValueError(fmt::format("dropout: keep_prob {} is outside (0, 1]", keep_prob));
  }
}

Dropout::Dropout(double keep_prob, RandomStream masks) : keep_prob_(keep_prob), masks_(masks) {
  detail::require_keep_prob(keep_prob);
}

Var Dropout::forward(Recording& recording, Var x) const {
  if (!recording.training() || keep_prob_ == 1) return x;
  return dropout(x, keep_prob_, recording(masks_));
}

}  // namespace dtheta::nn
