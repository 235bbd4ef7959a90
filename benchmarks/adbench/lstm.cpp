#include "benchmarks/adbench/lstm.hpp"

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta::bench::adbench {
namespace {

/// The rows of a matrix.
std::vector<Var> rows(Var matrix) {
  std::vector<Var> result;
  for (Index i = 0; i < matrix.shape()[0]; ++i) result.push_back(select(matrix, 0, i));
  return result;
}

/// One layer: its weights and biases by gate (forget, in, out, change), and its state.
struct Layer {
  std::span<const Var> w, b;
  Var h, c;

  void step(Var x) {
    const Var forget = sigmoid(x * w[0] + b[0]), in = sigmoid(h * w[1] + b[1]);
    const Var out = sigmoid(x * w[2] + b[2]), change = tanh(h * w[3] + b[3]);
    c = c * forget + in * change;
    h = out * tanh(c);
  }
};

}  // namespace

Recorded record_lstm(Tape& tape, const LstmInput& in) {
  const auto tensor = [](const std::vector<double>& v, const Shape& shape) {
    return Tensor(shape, std::span(v));
  };
  const Var main = tape.leaf(tensor(in.main, {Index{8} * in.l, in.b}));
  const Var extra = tape.leaf(tensor(in.extra, {3, in.b}));
  const Var sequence = tape.constant(tensor(in.sequence, {in.c, in.b}));
  const std::vector<Var> gate_rows = rows(main), extra_rows = rows(extra);
  const std::vector<Var> state = rows(tape.constant(tensor(in.state, {Index{2} * in.l, in.b})));
  const std::vector<Var> characters = rows(sequence);

  std::vector<Layer> layers;
  for (std::size_t k = 0; k < static_cast<std::size_t>(in.l); ++k) {
    const std::span of_layer(gate_rows.data() + 8 * k, 8);
    layers.push_back({of_layer.first(4), of_layer.last(4), state[2 * k], state[2 * k + 1]});
  }
  std::vector<Var> outputs;
  for (Index t = 0; t + 1 < in.c; ++t) {
    Var x = characters[static_cast<std::size_t>(t)] * extra_rows[0];
    for (Layer& layer : layers) {
      layer.step(x);
      x = layer.h;
    }
    outputs.push_back(expand_dims(x, 0));
  }

  const Var y = concat(outputs, 0) * extra_rows[1] + extra_rows[2];
  const Var predicted = y - log(2 + sum(exp(y), 1, true));
  const Var fit = sum(slice(sequence, 0, {1, in.c}) * predicted);
  const Var cost = fit * (-1.0 / ((in.c - 1) * in.b));
  return {cost, grad(cost, {main, extra})};
}

}  // namespace dtheta::bench::adbench
