#include "nn/layers/dropout2d.hpp"

#include "autodiff/ops/network/normalization.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

Dropout2d::Dropout2d(double keep_prob, RandomStream masks) : keep_prob_(keep_prob), masks_(masks) {
  detail::require_keep_prob(keep_prob);
}

Var Dropout2d::forward(Recording& recording, Var x) const {
  detail::require_planes("dropout2d", x, {.least_axes = 1, .most_axes = 3});
  if (!recording.training() || keep_prob_ == 1) return x;
  return dropout2d(x, keep_prob_, recording(masks_));
}

}  // namespace dtheta::nn
