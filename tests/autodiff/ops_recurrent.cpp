#include "autodiff/ops/network/recurrent.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::gradient_errors;
using testing::varied;

constexpr Index in = 3, hidden = 2, samples = 2;

/// A layer's parameters with their values as plain numbers beside them.
struct Layer {
  Layer(Tape& tape, Index gates, bool biased = true)
      : w{tape.leaf(varied({gates * hidden, in}, 11)),
          tape.leaf(varied({gates * hidden, hidden}, 12))} {
    if (!biased) return;
    w.b_x = tape.leaf(varied({gates * hidden}, 13));
    w.b_h = tape.leaf(varied({gates * hidden}, 14));
  }
  /// Row `row` of W x + b.
  static double product(Var m, Var b, const std::vector<double>& v, Index row) {
    double sum = b.exists() ? b.data<double>()[static_cast<std::size_t>(row)] : 0;
    for (std::size_t j = 0; j < v.size(); ++j) {
      sum += m.data<double>()[static_cast<std::size_t>(row) * v.size() + j] * v[j];
    }
    return sum;
  }
  [[nodiscard]] double x_part(const std::vector<double>& x, Index row) const {
    return product(w.w_x, w.b_x, x, row);
  }
  [[nodiscard]] double h_part(const std::vector<double>& h, Index row) const {
    return product(w.w_h, w.b_h, h, row);
  }
  [[nodiscard]] std::vector<Var> leaves(std::initializer_list<Var> more) const {
    std::vector<Var> all{w.w_x, w.w_h};
    if (w.b_x.exists()) all.insert(all.end(), {w.b_x, w.b_h});
    all.insert(all.end(), more);
    return all;
  }
  RecurrentWeights w;
};

std::vector<double> row(Var v, Index i) {
  const Index n = v.shape()[v.rank() - 1];
  const auto d =
      v.data<double>().subspan(static_cast<std::size_t>(i * n), static_cast<std::size_t>(n));
  return {d.begin(), d.end()};
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// One step in loops; h and c are changed in place.
void lstm_step(const Layer& l, const std::vector<double>& x, std::vector<double>& h,
               std::vector<double>& c) {
  const std::vector<double> before = h;
  for (Index j = 0; j < hidden; ++j) {
    const auto gate = [&](Index k) {
      return l.x_part(x, k * hidden + j) + l.h_part(before, k * hidden + j);
    };
    double& memory = c[static_cast<std::size_t>(j)];
    memory = sigmoid_of(gate(1)) * memory + sigmoid_of(gate(0)) * std::tanh(gate(2));
    h[static_cast<std::size_t>(j)] = sigmoid_of(gate(3)) * std::tanh(memory);
  }
}

void gru_step(const Layer& l, const std::vector<double>& x, std::vector<double>& h, bool after) {
  const std::vector<double> before = h;
  std::vector<double> reset(before);
  const auto gate = [&](Index k, Index j) {
    return sigmoid_of(l.x_part(x, k * hidden + j) + l.h_part(before, k * hidden + j));
  };
  for (Index j = 0; j < hidden; ++j) reset[static_cast<std::size_t>(j)] *= gate(0, j);
  for (Index j = 0; j < hidden; ++j) {
    const Index n = 2 * hidden + j;
    const double inner = after ? gate(0, j) * l.h_part(before, n) : l.h_part(reset, n);
    const double candidate = std::tanh(l.x_part(x, n) + inner), z = gate(1, j);
    h[static_cast<std::size_t>(j)] = (1 - z) * candidate + z * before[static_cast<std::size_t>(j)];
  }
}

void rnn_step(const Layer& l, const std::vector<double>& x, std::vector<double>& h, bool relu) {
  const std::vector<double> before = h;
  for (Index j = 0; j < hidden; ++j) {
    const double sum = l.x_part(x, j) + l.h_part(before, j);
    h[static_cast<std::size_t>(j)] = relu ? std::max(sum, 0.0) : std::tanh(sum);
  }
}

void expect_row(Var v, Index i, const std::vector<double>& expected) {
  const std::vector<double> got = row(v, i);
  for (std::size_t j = 0; j < expected.size(); ++j)
    BOOST_TEST(std::abs(got[j] - expected[j]) < 1e-14);
}

const auto flags = boost::unit_test::data::make({false, true});

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent_suite)

BOOST_DATA_TEST_CASE(lstm_is_its_definition, flags* flags, biased, reverse) {
  Tape tape;
  const Layer l(tape, 4, biased);
  constexpr Index time = 5;
  const Var x = tape.leaf(varied({time, samples, in}, 1));
  const Var h0 = tape.leaf(varied({samples, hidden}, 2)),
            c0 = tape.leaf(varied({samples, hidden}, 3));
  const RecurrentResult r = lstm(x, {h0, c0}, l.w, reverse);
  BOOST_TEST((r.outputs.shape() == Shape{time, samples, hidden}));
  for (Index n = 0; n < samples; ++n) {
    std::vector<double> h = row(h0, n), c = row(c0, n);
    for (Index step = 0; step < time; ++step) {
      const Index t = reverse ? time - 1 - step : step;
      lstm_step(l, row(x, t * samples + n), h, c);
      expect_row(r.outputs, t * samples + n, h);
    }
    expect_row(r.last.h, n, h);
    expect_row(r.last.c, n, c);
  }
}

BOOST_DATA_TEST_CASE(gru_is_its_definition, flags* flags* flags, biased, reverse, after) {
  Tape tape;
  const Layer l(tape, 3, biased);
  constexpr Index time = 4;
  const Var x = tape.leaf(varied({time, samples, in}, 1));
  const Var h0 = tape.leaf(varied({samples, hidden}, 2));
  const RecurrentResult r = gru(x, h0, l.w, after, reverse);
  for (Index n = 0; n < samples; ++n) {
    std::vector<double> h = row(h0, n);
    for (Index step = 0; step < time; ++step) {
      const Index t = reverse ? time - 1 - step : step;
      gru_step(l, row(x, t * samples + n), h, after);
      expect_row(r.outputs, t * samples + n, h);
    }
    expect_row(r.last.h, n, h);
  }
}

BOOST_DATA_TEST_CASE(rnn_is_its_definition, flags* flags, reverse, relu) {
  Tape tape;
  const Layer l(tape, 1);
  constexpr Index time = 3;
  const Var x = tape.leaf(varied({time, samples, in}, 1));
  const Var h0 = tape.leaf(varied({samples, hidden}, 2));
  const RecurrentResult r =
      rnn(x, h0, l.w, relu ? RecurrentActivation::relu : RecurrentActivation::tanh, reverse);
  for (Index n = 0; n < samples; ++n) {
    std::vector<double> h = row(h0, n);
    for (Index step = 0; step < time; ++step) {
      const Index t = reverse ? time - 1 - step : step;
      rnn_step(l, row(x, t * samples + n), h, relu);
      expect_row(r.outputs, t * samples + n, h);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_cell_is_a_sequence_of_one) {
  Tape tape;
  const Var x = tape.leaf(varied({samples, in}, 1)), one = expand_dims(x, 0);
  const Var h = tape.leaf(varied({samples, hidden}, 2)),
            c = tape.leaf(varied({samples, hidden}, 3));
  const Layer simple(tape, 1), gated(tape, 3), cell(tape, 4);
  BOOST_TEST((rnn_cell(x, h, simple.w).value() == rnn(one, h, simple.w).last.h.value()));
  BOOST_TEST((gru_cell(x, h, gated.w).value() == gru(one, h, gated.w).last.h.value()));
  const RecurrentState s = lstm_cell(x, {h, c}, cell.w), t = lstm(one, {h, c}, cell.w).last;
  BOOST_TEST((s.h.value() == t.h.value()));
  BOOST_TEST((s.c.value() == t.c.value()));
}

BOOST_AUTO_TEST_CASE(gradients_through_time) {
  Tape tape;
  const Var x = tape.leaf(varied({3, 1, in}, 1));
  const Var h = tape.leaf(varied({1, hidden}, 2)), c = tape.leaf(varied({1, hidden}, 3));
  const auto expect = [](Var y, const std::vector<Var>& leaves) {
    const auto off = gradient_errors(y, leaves);
    BOOST_TEST(off.first < 1e-20);
    BOOST_TEST(off.second < 1e-20);
  };
  const Layer simple(tape, 1), gated(tape, 3), bare(tape, 3, false), cell(tape, 4);
  expect(rnn(x, h, simple.w).outputs, simple.leaves({x, h}));
  expect(gru(x, h, gated.w).outputs, gated.leaves({x, h}));
  expect(gru(x, h, bare.w, false, true).outputs, bare.leaves({x, h}));
  const RecurrentResult r = lstm(x, {h, c}, cell.w);
  expect(concat({reshape(r.outputs, {3, hidden}), r.last.c}), cell.leaves({x, h, c}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
