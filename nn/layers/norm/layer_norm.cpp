#include "nn/layers/norm/layer_norm.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

Shape checked(const Shape& shape) {
  if (shape.rank() < 1 || shape.size() < 1) {
    throw ShapeError(fmt::format("layer norm: nothing to norm over in {}", to_string(shape)));
  }
  return shape;
}

}  // namespace

Parameter detail::scale_of(const Shape& shape) { return given("weight", constant(shape, 1)); }
Parameter detail::shift_of(const Shape& shape) { return given("bias", constant(shape, 0)); }

LayerNorm::LayerNorm(const Shape& shape, double epsilon)
    : weight_(detail::scale_of(checked(shape))), bias_(detail::shift_of(shape)), epsilon_(epsilon) {
  detail::require_epsilon("layer norm", epsilon);
}

Var LayerNorm::forward(Recording& recording, Var x) const {
  const Var w = recording(weight_), b = recording(bias_);
  return layer_norm(x, w, b, epsilon_);
}

}  // namespace dtheta::nn
