#include "nn/layers/norm/rms_norm.hpp"

#include <fmt/format.h>

#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

Shape checked(const Shape& shape) {
  if (shape.rank() < 1 || shape.size() < 1) {
    throw ShapeError(fmt::format("rms norm: nothing to norm over in {}", to_string(shape)));
  }
  return shape;
}

double epsilon_of(DType precision) {
  return precision == DType::float32 ? static_cast<double>(std::numeric_limits<float>::epsilon())
                                     : std::numeric_limits<double>::epsilon();
}

}  // namespace

RMSNorm::RMSNorm(const Shape& shape, std::optional<double> epsilon)
    : weight_(detail::scale_of(checked(shape))), epsilon_(epsilon) {
  if (epsilon) detail::require_epsilon("rms norm", *epsilon);
}

Var RMSNorm::forward(Recording& recording, Var x) const {
  return rms_norm(x, recording(weight_), epsilon_.value_or(epsilon_of(x.tape().precision())));
}

}  // namespace dtheta::nn
