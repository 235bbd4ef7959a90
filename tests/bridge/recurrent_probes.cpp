#include "gradcheck/bridge/probes/recurrent_probes.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <ostream>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/gru.hpp"
#include "autodiff/ops/network/lstm.hpp"
#include "autodiff/ops/network/rnn.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {

std::ostream& operator<<(std::ostream& out, RecurrentCell cell) {
  return out << (cell == RecurrentCell::lstm ? "lstm" : cell == RecurrentCell::gru ? "gru" : "rnn");
}

namespace {

constexpr Index time_steps = 4, samples = 2, hidden = 3, probes = 5;

Tensor draw(const Shape& shape, std::uint64_t seed) {
  return materialize(real(shape, {-1, 1}), seed);
}

/// A layer with its operands.
struct Layer {
  Layer(RecurrentCell c, bool backwards)
      : cell(c),
        reverse(backwards),
        gates(c == RecurrentCell::lstm  ? 4
              : c == RecurrentCell::gru ? 3
                                        : 1),
        x(draw({time_steps, samples, gates * hidden}, 1)),
        w(draw({gates * hidden, hidden}, 2)),
        bias(draw({gates * hidden}, 7)) {}

  /// All that the steps leave behind, (blocks, time, samples, hidden).
  [[nodiscard]] Var run(const Tensor& x_part, const Tensor& weights, const Tensor& b) {
    const Var in = tape.leaf(x_part), matrix = tape.leaf(weights), h = tape.leaf(h0);
    switch (cell) {
      case RecurrentCell::lstm:
        return dtheta::detail::lstm_steps(in, matrix, h, tape.leaf(c0), reverse);
      case RecurrentCell::gru:
        return dtheta::detail::gru_steps(in, matrix, tape.leaf(b), h, reverse);
      case RecurrentCell::rnn:
        break;
    }
    return expand_dims(dtheta::detail::rnn_steps(in, matrix, h, reverse), 0);
  }
  [[nodiscard]] RecurrentAtTheta at_theta() {
    RecurrentAtTheta at{.cell = cell, .reverse = reverse};
    at.kept = run(x, w, bias);
    at.h0 = tape.leaf(h0);
    if (cell == RecurrentCell::lstm) at.c0 = tape.leaf(c0);
    const Var h = select(at.kept, 0, 0), first = expand_dims(at.h0, 0);
    const Var before = reverse ? concat({slice(h, 0, {1, time_steps}), first}, 0)
                               : concat({first, slice(h, 0, {0, time_steps - 1})}, 0);
    const Var products = matmul(before, tape.leaf(w), false, true);
    const bool gru = cell == RecurrentCell::gru;
    at.sums = products + tape.leaf(gru ? bias : x);
    if (gru) at.x = tape.leaf(x);
    at.w = swap_axes(reshape(tape.leaf(w), {gates, hidden, hidden}), 1, 2);
    return at;
  }

  RecurrentCell cell;
  bool reverse;
  Index gates;
  Tape tape;
  Tensor x, w, bias;
  Tensor h0 = draw({samples, hidden}, 3), c0 = draw({samples, hidden}, 4);
};

constexpr std::array cells{RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn};

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent_layers_with_a_move_each)

BOOST_AUTO_TEST_CASE(the_ops_have_the_same_value_in_every_scalar) {
  // They stand in programs that are only run, on operands that are those of a net, not 1e300.
  OpTolerances tolerances;
  tolerances.edges = false;
  for (const OpRecord* op : recurrent_probes_ops()) {
    const OpReport report = self_test(*op, tolerances);
    BOOST_TEST(bool(report), report);
  }
}

BOOST_DATA_TEST_CASE(each_is_the_layer_that_was_moved,
                     boost::unit_test::data::make(cells) *
                         boost::unit_test::data::make({false, true}),
                     cell, reverse) {
  Layer layer(cell, reverse);
  const Index width = layer.gates * hidden;
  const Tensor moved = draw({time_steps, probes, samples}, 5), by = draw({probes}, 6),
               bias_by = draw({probes}, 8);
  const Tensor row(Shape{probes}, std::initializer_list<Index>{0, width - 1, width / 2, 1, 2});
  const Tensor column(Shape{probes}, std::initializer_list<Index>{2, 0, 1, 1, 2});
  Tape& tape = layer.tape;
  const Tensor found =
      recurrent_probes(layer.at_theta(), {tape.leaf(row), tape.leaf(moved), tape.leaf(column),
                                          tape.leaf(by), tape.leaf(bias_by)})
          .value();
  for (Index k = 0; k < probes; ++k) {
    const Index r = row.data<Index>()[k];
    Tensor x = layer.x, w = layer.w, bias = layer.bias;
    w.data<double>()[r * hidden + column.data<Index>()[k]] += by.data<double>()[k];
    bias.data<double>()[r] += bias_by.data<double>()[k];
    for (Index i = 0; i < time_steps * samples; ++i) {
      double& own = x.data<double>()[i * width + r];
      own += moved.data<double>()[((i / samples) * probes + k) * samples + i % samples];
      // What has no bias of its own has it in x.
      if (cell != RecurrentCell::gru) own += bias_by.data<double>()[k];
    }
    const Tensor wanted = layer.run(x, w, bias).value();
    const Index each = samples * hidden;
    for (Index bt = 0; bt < wanted.shape()[0] * time_steps; ++bt) {
      for (Index i = 0; i < each; ++i) {
        // Four steps of sums of a few terms of order one, in another order.
        BOOST_TEST(std::abs(found.data<double>()[(bt * probes + k) * each + i] -
                            wanted.data<double>()[bt * each + i]) <= 64 * 0x1p-53);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  for (const RecurrentCell cell : cells) {
    Layer layer(cell, false);
    Tape& tape = layer.tape;
    const auto run = [&](const Shape& weight, std::initializer_list<Index> rows) {
      return recurrent_probes(
                 layer.at_theta(),
                 {tape.leaf(Tensor(Shape{2}, rows)), tape.leaf(draw({time_steps, 2, samples}, 1)),
                  tape.leaf(Tensor(Shape{2}, std::initializer_list<Index>{0, 1})),
                  tape.leaf(draw(weight, 2)), tape.leaf(draw({2}, 3))})
          .value();
    };
    BOOST_CHECK_NO_THROW(static_cast<void>(run({2}, {0, 1})));
    BOOST_CHECK_THROW(static_cast<void>(run({3}, {0, 1})), ShapeError);
    const Index width = layer.gates * hidden;
    BOOST_CHECK_EXCEPTION(static_cast<void>(run({2}, {0, width})), ValueError, [&](const auto& e) {
      const std::string wanted = "row " + std::to_string(width) + " of probe 1 is outside [0, ";
      return std::string(e.what()).find(wanted) != std::string::npos;
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
