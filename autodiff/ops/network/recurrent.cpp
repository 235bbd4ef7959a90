#include "autodiff/ops/network/recurrent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/dense.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/gru.hpp"
#include "autodiff/ops/network/lstm.hpp"
#include "autodiff/ops/network/rnn.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Columns [start, stop) of (samples, columns).
Var columns(Var v, Index start, Index stop) { return slice(v, 1, {start, stop}); }

/// What every layer needs: its sizes, checked, and the part of a step that depends on x alone.
struct Layer {
  Layer(std::string_view op_, Arg x, Arg h, const RecurrentWeights& w_, Index gates, int x_rank)
      : op(op_), w(w_), at(x.at()) {
    const Shape xs = x.var().shape(), hs = h.var().shape();
    if (!w.w_x.exists() || !w.w_h.exists()) {
      throw ShapeError(fmt::format("{}: x {} and h {} need the weights w_x and w_h", op,
                                   to_string(xs), to_string(hs)));
    }
    const Shape wx = w.w_x.shape(), wh = w.w_h.shape();
    hidden = wh.rank() == 2 ? wh[1] : 0;
    const Index width = gates * hidden;
    const bool fits = xs.rank() == x_rank && hs.rank() == 2 && wx.rank() == 2 && wh.rank() == 2 &&
                      wx[1] == xs[x_rank - 1] && wx[0] == width && wh[0] == width &&
                      hs[0] == xs[x_rank - 2] && hs[1] == hidden;
    if (!fits) {
      throw ShapeError(fmt::format(
          "{}: x {}, h {}, w_x {}, w_h {} do not fit: {}(samples, in), (samples, hidden), "
          "({} * hidden, in), ({} * hidden, hidden) are needed",
          op, to_string(xs), to_string(hs), to_string(wx), to_string(wh),
          x_rank == 3 ? "time x " : "", gates, gates));
    }
    require_bias(w.b_x, width);
    require_bias(w.b_h, width);
  }

  /// W_x x + bias for all steps at once.
  [[nodiscard]] Var from_x(Arg x, Var bias) const { return detail::dense(x, w.w_x, bias); }
  /// W_h h + bias.
  [[nodiscard]] Var from_h(Var h, Var bias = {}) const {
    return detail::dense(Arg(h, at), w.w_h, bias);
  }
  /// b_x + b_h, as far as they exist.
  [[nodiscard]] Var both_biases() const {
    if (!w.b_x.exists() || !w.b_h.exists()) return w.b_x.exists() ? w.b_x : w.b_h;
    return Arg(w.b_x, at) + w.b_h;
  }

  std::string_view op;
  const RecurrentWeights& w;
  SourceLocation at;
  Index hidden = 0;

 private:
  void require_bias(Var b, Index width) const {
    if (b.exists() && b.shape() != Shape{width}) {
      throw ShapeError(
          fmt::format("{}: bias {} does not fit: ({}) is needed", op, to_string(b.shape()), width));
    }
  }
};

/// A layer's rule for one step: first what it makes of x, then the step itself.
struct RnnRule : Layer {
  RnnRule(std::string_view name, Arg x, Arg h, const RecurrentWeights& weights,
          RecurrentActivation f, int x_rank)
      : Layer(name, x, h, weights, 1, x_rank), activation(f) {}
  [[nodiscard]] Var prepare(Arg x) const { return from_x(x, both_biases()); }
  /// x (time, samples, in)
  [[nodiscard]] RecurrentResult run_tanh(Arg x, Var h, bool reverse) const {
    const Var outputs = detail::rnn_steps(Arg(prepare(x), at), w.w_h, h, reverse);
    return {outputs, {select(outputs, 0, reverse ? 0 : x.var().shape()[0] - 1), {}}, {}};
  }
  [[nodiscard]] RecurrentState step(Var gates, const RecurrentState& s) const {
    const Var sum = gates + from_h(s.h);
    return {activation == RecurrentActivation::tanh ? tanh(sum) : relu(sum), {}};
  }
  RecurrentActivation activation;
};

struct LstmRule : Layer {
  LstmRule(std::string_view name, Arg x, const RecurrentState& s, const RecurrentWeights& weights,
           int x_rank)
      : Layer(name, x, s.h, weights, 4, x_rank) {
    if (!s.c.exists() || s.c.shape() != s.h.shape()) {
      throw ShapeError(fmt::format("{}: c {} does not fit h {}", name,
                                   s.c.exists() ? to_string(s.c.shape()) : "(missing)",
                                   to_string(s.h.shape())));
    }
  }
  /// x (time, samples, in)
  [[nodiscard]] RecurrentResult run(Arg x, const RecurrentState& s, bool reverse) const {
    const Var kept =
        detail::lstm_steps(Arg(from_x(x, both_biases()), at), w.w_h, s.h, s.c, reverse);
    const Index last = reverse ? 0 : x.var().shape()[0] - 1;
    const Var outputs = select(kept, 0, 0), memory = select(kept, 0, 1);
    return {outputs, {select(outputs, 0, last), select(memory, 0, last)}, memory};
  }
};

struct GruRule : Layer {
  GruRule(std::string_view name, Arg x, Arg h, const RecurrentWeights& weights, bool after,
          int x_rank)
      : Layer(name, x, h, weights, 3, x_rank), reset_after(after) {
    if (reset_after) return;
    w_rz = slice(w.w_h, 0, {0, 2 * hidden});
    w_new = slice(w.w_h, 0, {2 * hidden, 3 * hidden});
  }
  [[nodiscard]] Var prepare(Arg x) const { return from_x(x, reset_after ? w.b_x : both_biases()); }
  /// x (time, samples, in), of a GRU that resets after the product.
  [[nodiscard]] RecurrentResult run_reset_after(Arg x, Var h, bool reverse) const {
    const Var none = h.tape().constant(Tensor(Shape{3 * hidden}));
    const Var kept =
        detail::gru_steps(Arg(prepare(x), at), w.w_h, w.b_h.exists() ? w.b_h : none, h, reverse);
    const Var outputs = select(kept, 0, 0);
    return {outputs, {select(outputs, 0, reverse ? 0 : x.var().shape()[0] - 1), {}}, {}};
  }
  /// A step of one that resets before the product.
  [[nodiscard]] RecurrentState step(Var from_input, const RecurrentState& s) const {
    const Index n = hidden;
    const Var x_rz = columns(from_input, 0, 2 * n), x_new = columns(from_input, 2 * n, 3 * n);
    const Var rz = sigmoid(x_rz + matmul(s.h, w_rz, false, true));
    const Var r = columns(rz, 0, n), z = columns(rz, n, 2 * n);
    const Var candidate = tanh(x_new + matmul(r * s.h, w_new, false, true));
    return {(1 - z) * candidate + z * s.h, {}};
  }
  bool reset_after;
  Var w_rz, w_new;  // parts of w_h, unless reset_after: taken once for all steps
};

/// v[first] ... v[last - 1] appended to `steps`. Halves of halves: the derivatives of the slices,
/// each of its whole's size, take log(n) passes together. One slice for each step would take n.
void append_steps(Var v, std::vector<Var>& steps) {
  const Shape s = v.shape();
  if (s[0] == 1) {
    steps.push_back(reshape(v, Shape{s[1], s[2]}));
    return;
  }
  append_steps(slice(v, 0, {0, s[0] / 2}), steps);
  append_steps(slice(v, 0, {s[0] / 2, s[0]}), steps);
}

void require_steps(std::string_view op, Arg x) {
  if (x.var().shape()[0] == 0) {
    throw ShapeError(fmt::format("{}: x {} has no time step", op, to_string(x.var().shape())));
  }
}

template <class Rule>
RecurrentResult run(const Rule& rule, Arg x, RecurrentState state, bool reverse) {
  require_steps(rule.op, x);
  std::vector<Var> steps;
  append_steps(rule.prepare(x), steps);
  if (reverse) std::ranges::reverse(steps);
  for (Var& v : steps) {
    state = rule.step(v, state);
    v = expand_dims(state.h, 0);
  }
  if (reverse) std::ranges::reverse(steps);
  return {concat(steps, 0, x.at()), state, {}};
}

}  // namespace

Var rnn_cell(Arg x, Arg h, const RecurrentWeights& w, RecurrentActivation activation) {
  const RnnRule rule("rnn_cell", x, h, w, activation, 2);
  return rule.step(rule.prepare(x), {h.var()}).h;
}

RecurrentState lstm_cell(Arg x, const RecurrentState& state, const RecurrentWeights& w) {
  const LstmRule rule("lstm_cell", x, state, w, 2);
  return rule.run(Arg(expand_dims(x, 0), x.at()), state, false).last;
}

Var gru_cell(Arg x, Arg h, const RecurrentWeights& w, bool reset_after) {
  const GruRule rule("gru_cell", x, h, w, reset_after, 2);
  if (!reset_after) return rule.step(rule.prepare(x), {h.var()}).h;
  return rule.run_reset_after(Arg(expand_dims(x, 0), x.at()), h.var(), false).last.h;
}

RecurrentResult rnn(Arg x, Arg h, const RecurrentWeights& w, RecurrentActivation activation,
                    bool reverse) {
  const RnnRule rule("rnn", x, h, w, activation, 3);
  // The corners of relu are seen op by op, and so are steps that have them.
  if (activation != RecurrentActivation::tanh) return run(rule, x, {h.var()}, reverse);
  require_steps(rule.op, x);
  return rule.run_tanh(x, h.var(), reverse);
}

RecurrentResult lstm(Arg x, const RecurrentState& state, const RecurrentWeights& w, bool reverse) {
  const LstmRule rule("lstm", x, state, w, 3);
  require_steps(rule.op, x);
  return rule.run(x, state, reverse);
}

RecurrentResult gru(Arg x, Arg h, const RecurrentWeights& w, bool reset_after, bool reverse) {
  const GruRule rule("gru", x, h, w, reset_after, 3);
  if (!reset_after) return run(rule, x, {h.var()}, reverse);
  require_steps(rule.op, x);
  return rule.run_reset_after(x, h.var(), reverse);
}

}  // namespace dtheta
