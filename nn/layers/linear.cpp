#include "nn/layers/linear.hpp"

#include <fmt/format.h>

#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

void require_sizes(Index in, Index out) {
  if (in < 1 || out < 1) {
    throw ShapeError(fmt::format("linear: {} inputs and {} outputs, need at least 1", in, out));
  }
}

}  // namespace

Linear::Linear(Index in, Index out, const LinearOptions& options) : weight_{.symbol = "weight"} {
  require_sizes(in, out);
  const Initializer within = uniform_by_fan(in);
  weight_ = to_draw("weight", {out, in}, options.weight_init ? options.weight_init : within);
  if (!options.bias) return;
  bias_ = to_draw("bias", {out}, options.bias_init ? options.bias_init : within, false);
}

Linear::Linear(Index in, Index out, RandomKey key, const LinearOptions& options)
    : Linear(in, out, options) {
  draw(weight_, key);
  if (bias_) draw(*bias_, key, 1);
}

Linear::Linear(Tensor weight, Tensor bias)
    : weight_{.symbol = "weight", .value = std::move(weight)},
      bias_(Parameter{.symbol = "bias", .value = std::move(bias), .regularized = false}) {
  const Shape &w = weight_.value.shape(), &b = bias_->value.shape();
  if (w.rank() != 2 || b.rank() != 1 || w[0] != b[0] || w.size() == 0) {
    throw ShapeError(
        fmt::format("linear: weight {} and bias {} do not fit: (out, in) and (out) are needed",
                    to_string(w), to_string(b)));
  }
  for (const Parameter* p : {&weight_, &*bias_}) {
    if (p->value.dtype() == DType::int64) {
      throw TypeError(fmt::format("linear: {} is int64, must be real", p->symbol));
    }
  }
}

Var Linear::forward(Recording& recording, Var x) const {
  return forward_with(recording, x, recording(weight_));
}

Var Linear::forward_with(Recording& recording, Var x, Var weight) const {
  detail::require_width("linear", x, weight_.value.shape()[1]);
  if (bias_) return affine(x, weight, recording(*bias_));
  return matmul(x, swap_axes(weight, 0, 1));
}

}  // namespace dtheta::nn
