#include "nn/layers/linear.hpp"

#include <fmt/format.h>

#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "nn/init.hpp"

namespace dtheta::nn {
namespace {

Tensor weights_for(Index in, Index out, RandomKey key) {
  if (in < 1 || out < 1) {
    throw ShapeError(fmt::format("linear: {} inputs and {} outputs, need at least 1", in, out));
  }
  return he_normal({out, in}, key);
}

}  // namespace

Linear::Linear(Index in, Index out, RandomKey key)
    : Linear(weights_for(in, out, key), Tensor(Shape{out})) {}

Linear::Linear(Tensor weights, Tensor bias)
    : weights_{.symbol = "W", .value = std::move(weights)},
      bias_{.symbol = "b", .value = std::move(bias), .regularized = false} {
  const Shape &w = weights_.value.shape(), &b = bias_.value.shape();
  if (w.rank() != 2 || b.rank() != 1 || w[0] != b[0] || w.size() == 0) {
    throw ShapeError(fmt::format("linear: W {} and b {} do not fit: (out, in) and (out) are needed",
                                 to_string(w), to_string(b)));
  }
  for (Parameter* p : parameters()) {
    if (p->value.dtype() == DType::int64) {
      throw TypeError(fmt::format("linear: {} is int64, must be real", p->symbol));
    }
  }
}

Var Linear::forward(Recording& recording, Var x) const {
  const Var w = recording(weights_);
  const Var b = recording(bias_);
  return affine(x, w, b);
}

}  // namespace dtheta::nn
