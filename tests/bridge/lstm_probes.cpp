#include "gradcheck/bridge/probes/lstm_probes.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/network/lstm.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr Index time_steps = 4, samples = 2, hidden = 3, probes = 5;

Tensor draw(const Shape& shape, std::uint64_t seed) {
  return materialize(real(shape, {-1, 1}), seed);
}

/// An LSTM, and what its sums are: the gates with the state's part in them.
struct Layer {
  explicit Layer(bool backwards) : reverse(backwards) {
    kept = dtheta::detail::lstm_steps(tape.leaf(gates), tape.leaf(w), tape.leaf(h0), tape.leaf(c0),
                                      reverse)
               .value();
    for (Index s = 0; s < time_steps; ++s) {
      const Index t = at(s);
      for (Index n = 0; n < samples; ++n) {
        const double* h = s == 0 ? h0.data<double>().data() + n * hidden
                                 : kept.data<double>().data() + (at(s - 1) * samples + n) * hidden;
        for (Index j = 0; j < 4 * hidden; ++j) {
          double& sum = sums.data<double>()[(t * samples + n) * 4 * hidden + j];
          sum = gates.data<double>()[(t * samples + n) * 4 * hidden + j];
          for (Index k = 0; k < hidden; ++k) sum += h[k] * w.data<double>()[j * hidden + k];
        }
      }
    }
  }
  /// W as the probes take it.
  Var by_gate() { return swap_axes(reshape(tape.leaf(w), {4, hidden, hidden}), 1, 2); }
  [[nodiscard]] Index at(Index s) const { return reverse ? time_steps - 1 - s : s; }

  bool reverse;
  Tape tape;
  Tensor gates = draw({time_steps, samples, 4 * hidden}, 1), w = draw({4 * hidden, hidden}, 2);
  Tensor h0 = draw({samples, hidden}, 3), c0 = draw({samples, hidden}, 4);
  Tensor kept, sums = Tensor(Shape{time_steps, samples, 4 * hidden});
};

}  // namespace

BOOST_AUTO_TEST_SUITE(lstms_with_a_move_each)

BOOST_AUTO_TEST_CASE(the_op_has_the_same_value_in_every_scalar) {
  // It stands in programs that are only run, on operands that are those of a net, not 1e300.
  OpTolerances tolerances;
  tolerances.edges = false;
  const OpReport report = self_test(lstm_probes_op(), tolerances);
  BOOST_TEST(bool(report), report);
}

BOOST_AUTO_TEST_CASE(each_is_the_lstm_that_was_moved) {
  for (const bool reverse : {false, true}) {
    Layer layer(reverse);
    const Tensor moved = draw({time_steps, probes, samples}, 5), by = draw({probes}, 6);
    Tensor row(Shape{probes}, std::initializer_list<Index>{0, 11, 5, 7, 3});
    Tensor column(Shape{probes}, std::initializer_list<Index>{2, 0, 1, 1, 2});
    Tape& tape = layer.tape;
    const Var all =
        lstm_probes({tape.leaf(layer.kept), tape.leaf(layer.sums), layer.by_gate(),
                     tape.leaf(layer.h0), tape.leaf(layer.c0), reverse},
                    {tape.leaf(row), tape.leaf(moved), tape.leaf(column), tape.leaf(by)});
    const Tensor found = all.value();
    for (Index k = 0; k < probes; ++k) {
      const Index r = row.data<Index>()[k];
      Tensor gates = layer.gates, w = layer.w;
      w.data<double>()[r * hidden + column.data<Index>()[k]] += by.data<double>()[k];
      for (Index t = 0; t < time_steps; ++t) {
        for (Index n = 0; n < samples; ++n) {
          gates.data<double>()[(t * samples + n) * 4 * hidden + r] +=
              moved.data<double>()[(t * probes + k) * samples + n];
        }
      }
      const Tensor wanted =
          dtheta::detail::lstm_steps(tape.leaf(gates), tape.leaf(w), tape.leaf(layer.h0),
                                     tape.leaf(layer.c0), reverse)
              .value();
      const Index each = samples * hidden;
      for (Index bt = 0; bt < 6 * time_steps; ++bt) {
        for (Index i = 0; i < each; ++i) {
          // Four steps of sums of a few terms of order one, in another order.
          BOOST_TEST(std::abs(found.data<double>()[(bt * probes + k) * each + i] -
                              wanted.data<double>()[bt * each + i]) <= 64 * 0x1p-53);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  Layer layer(false);
  Tape& tape = layer.tape;
  const auto run = [&](const Shape& weight, std::initializer_list<Index> rows) {
    return lstm_probes(
               {tape.leaf(layer.kept), tape.leaf(layer.sums), layer.by_gate(), tape.leaf(layer.h0),
                tape.leaf(layer.c0), false},
               {tape.leaf(Tensor(Shape{2}, rows)), tape.leaf(draw({time_steps, 2, samples}, 1)),
                tape.leaf(Tensor(Shape{2}, std::initializer_list<Index>{0, 1})),
                tape.leaf(draw(weight, 2))})
        .value();
  };
  BOOST_CHECK_NO_THROW(static_cast<void>(run({2}, {0, 1})));
  BOOST_CHECK_THROW(static_cast<void>(run({3}, {0, 1})), ShapeError);
  BOOST_CHECK_EXCEPTION(static_cast<void>(run({2}, {0, 12})), ValueError, [](const auto& e) {
    return std::string(e.what()).find("row 12 of probe 1 is outside [0, 12)") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
