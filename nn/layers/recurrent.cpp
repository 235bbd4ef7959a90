#include "nn/layers/recurrent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "autodiff/errors.hpp"
#include "autodiff/ops/shape/shape.hpp"
#include "nn/init.hpp"

namespace dtheta::nn {
namespace {

Index gates_of(RecurrentKind kind) {
  switch (kind) {
    case RecurrentKind::lstm:
      return 4;
    case RecurrentKind::gru:
      return 3;
    default:
      return 1;
  }
}

RecurrentResult run(RecurrentKind kind, Var x, Var zeros, const RecurrentWeights& w, bool reverse) {
  switch (kind) {
    case RecurrentKind::lstm:
      return lstm(x, {zeros, zeros}, w, reverse);
    case RecurrentKind::gru:
      return gru(x, zeros, w, true, reverse);
    case RecurrentKind::rnn_relu:
      return rnn(x, zeros, w, RecurrentActivation::relu, reverse);
    default:
      return rnn(x, zeros, w, RecurrentActivation::tanh, reverse);
  }
}

}  // namespace

Recurrent::Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
                     const RecurrentOptions& options)
    : kind_(kind),
      options_(options),
      w_x_{.symbol = "W_x"},
      w_h_{.symbol = "W_h"},
      b_x_{.symbol = "b_x", .regularized = false},
      b_h_{.symbol = "b_h", .regularized = false} {
  if (in < 1 || hidden < 1) {
    throw ShapeError(
        fmt::format("recurrent: {} inputs and {} hidden, need at least 1", in, hidden));
  }
  const Index rows = gates_of(kind) * hidden;
  w_x_.value = Tensor(Shape{rows, in});
  w_h_.value = Tensor(Shape{rows, hidden});
  b_x_.value = b_h_.value = Tensor(Shape{rows});
  // One draw for all, so that one stream is enough.
  Index total = 0;
  for (const Parameter* p : parameters()) total += p->value.size();
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  const Tensor drawn = uniform({total}, -bound, bound, key);
  std::span<const double> left = drawn.data<double>();
  for (Parameter* p : parameters()) {
    const auto n = static_cast<std::size_t>(p->value.size());
    std::ranges::copy(left.first(n), p->value.data<double>().begin());
    left = left.subspan(n);
  }
}

Var Recurrent::forward(Recording& recording, Var x) const {
  const Shape s = x.shape();
  const Index in = w_x_.value.shape()[1], hidden = w_h_.value.shape()[1];
  if (s.rank() != 3 || s[2] != in) {
    throw ShapeError(fmt::format("recurrent: x {} does not fit: (samples, time, {}) is needed",
                                 to_string(s), in));
  }
  const RecurrentWeights w{recording(w_x_), recording(w_h_), recording(b_x_), recording(b_h_)};
  const Var zeros = x.tape().constant(Tensor(Shape{s[0], hidden}));
  const RecurrentResult r = run(kind_, swap_axes(x, 0, 1), zeros, w, options_.reverse);
  return options_.all_steps ? swap_axes(r.outputs, 0, 1) : r.last.h;
}

}  // namespace dtheta::nn
