#include "nn/layers/recurrent.hpp"

#include <fmt/format.h>

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

Recurrent::Recurrent(RecurrentKind kind, Index in, Index hidden, const RecurrentOptions& options)
    : kind_(kind), options_(options) {
  if (in < 1 || hidden < 1) {
    throw ShapeError(
        fmt::format("recurrent: {} inputs and {} hidden, need at least 1", in, hidden));
  }
  const Index rows = gates_of(kind) * hidden;
  const Initializer init = options.init ? options.init : uniform_by_fan(hidden);
  w_x_ = to_draw("weight_ih_l0", {rows, in}, init);
  w_h_ = to_draw("weight_hh_l0", {rows, hidden}, init);
  b_x_ = to_draw("bias_ih_l0", {rows}, init, false);
  b_h_ = to_draw("bias_hh_l0", {rows}, init, false);
}

Recurrent::Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
                     const RecurrentOptions& options)
    : Recurrent(kind, in, hidden, options) {
  std::uint32_t which = 0;
  for (Parameter* p : {&w_x_, &w_h_, &b_x_, &b_h_}) draw(*p, key, which++);
}

void Recurrent::fields(Fields& fields) {
  fields("weight_ih_l0", w_x_)("weight_hh_l0", w_h_)("bias_ih_l0", b_x_)("bias_hh_l0", b_h_);
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
