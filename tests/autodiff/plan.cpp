#include "autodiff/plan.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

/// A small network with everything a plan deals with: products, fused runs, reductions, dropout.
struct Net {
  Tape tape;
  Var x = tape.leaf(draw({4, 5}, 1), "x");
  Var w1 = tape.leaf(draw({6, 5}, 2), "w1"), b1 = tape.leaf(draw({6}, 3), "b1");
  Var w2 = tape.leaf(draw({3, 6}, 4), "w2"), b2 = tape.leaf(draw({3}, 5), "b2");
  Var labels = tape.leaf(Tensor(Shape{4}, std::initializer_list<Index>{0, 2, 1, 2}));
  Var hidden = dropout(relu(affine(x, w1, b1)), 0.8, {1, 1});
  Var logits = affine(tanh(hidden), w2, b2);
  Var cost =
      mean(cross_entropy_with_logits(logits, labels)) + 0.01 * (sum(square(w1)) + sum(square(w2)));
  std::vector<Var> parameters{w1, b1, w2, b2};
  std::vector<Var> gradient = grad(cost, parameters);
};

std::vector<Var> outputs_of(const Net& net) {
  std::vector<Var> outputs = net.gradient;
  outputs.push_back(net.cost);
  return outputs;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_suite)

BOOST_AUTO_TEST_CASE(replay_gives_the_bits_of_the_recording) {
  Net net;
  for (bool reuse : {false, true}) {
    for (bool fuse : {false, true}) {
      Workspace<double> ws(Plan(outputs_of(net), {.reuse_memory = reuse, .fuse = fuse}));
      for (int repeat = 0; repeat < 2; ++repeat) {
        ws.run();
        for (Var y : outputs_of(net)) BOOST_TEST((ws.tensor(y) == y.value()));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(fusing_and_reuse_save_steps_and_memory) {
  Net net;
  const Plan plain(outputs_of(net), {.reuse_memory = false, .fuse = false});
  const Plan tight(outputs_of(net));
  BOOST_TEST(tight.step_count() < plain.step_count());
  BOOST_TEST(tight.memory_elements() < plain.memory_elements());
  BOOST_TEST(tight.op_count() < plain.op_count());  // products absorbed by the sums they feed
}

/// What is made of constants alone is there before the run starts, wherever it was recorded.
BOOST_AUTO_TEST_CASE(a_folded_constant_holds_nobody_up) {
  Tape tape;
  const Var x = tape.leaf(materialize(real({5}), 1));
  const Var y = square(x), c = exp(tape.constant(materialize(real({5}), 2))), z = y * c;
  Workspace<double> ws(Plan({z}));
  BOOST_TEST(ws.plan().step_count() == 1U);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ws.run();
    BOOST_TEST((ws.tensor(z) == z.value()));
  }
}

BOOST_AUTO_TEST_CASE(partial_replay_gives_the_bits_of_a_full_one) {
  Net net;
  const Plan plan(outputs_of(net), {.reuse_memory = false});
  Workspace<double> full(plan), partial(plan);
  partial.run();
  for (Var leaf : net.parameters) {
    for (auto* ws : {&full, &partial}) ws->leaf(leaf)[1] += 0.125;
    full.run();
    partial.rerun(leaf);
    for (Var y : outputs_of(net)) BOOST_TEST((full.tensor(y) == partial.tensor(y)));
  }
}

BOOST_AUTO_TEST_CASE(what_depends_on_settled_leaves_alone_is_computed_by_settle) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{3}, {1.0, 2.0, 3.0})), b = tape.leaf(Tensor(2.0));
  const Var square_a = a * a, y = sum(exp(square_a * 0.125) * b + square_a);
  const Plan plain({y}), settled({y}, {.settled = {a}});
  BOOST_TEST(settled.op_count() < plain.op_count());
  Workspace<double> expected(plain), ws(settled);
  for (const double shift : {0.0, 0.5, -1.25}) {
    for (auto* w : {&expected, &ws}) {
      for (double& v : w->leaf(a)) v += shift;
    }
    ws.settle();
    for (const double factor : {2.0, -3.0}) {
      for (auto* w : {&expected, &ws}) {
        w->leaf(b)[0] = factor;
        w->run();
      }
      BOOST_TEST(ws[y][0] == expected[y][0]);
    }
  }
  BOOST_TEST(settled.keeps(y));
  BOOST_TEST(settled.keeps(a));
  BOOST_TEST(!plain.keeps(square_a));
  BOOST_TEST(!plain.keeps(b * 2));
  // Without it they stay as they were settled last.
  ws.leaf(a)[0] += 1;
  ws.run();
  BOOST_TEST(ws[y][0] == expected[y][0]);

  const PlanOptions by_leaf{.reuse_memory = false, .settled = {a}};
  Workspace<double> partial(Plan({y}, by_leaf));
  BOOST_CHECK_THROW(partial.rerun(a), StateError);
  BOOST_CHECK_THROW(Plan({y}, {.settled = {square_a}}), StateError);
  BOOST_CHECK_THROW(Plan({y}, {.settled = {b}, .updates = {{b, b * 0.5}}}), StateError);
}

BOOST_AUTO_TEST_CASE(wider_scalars_agree_to_the_narrower_ones_rounding) {
  Net net;
  const Plan plan(outputs_of(net));
  Workspace<float> f(plan);
  Workspace<double> d(plan);
  Workspace<long double> e(plan);
  Workspace<Quad> q(plan);
  f.run(), d.run(), e.run(), q.run();
  for (Var y : outputs_of(net)) {
    for (std::size_t i = 0; i < q[y].size(); ++i) {
      const auto exact = static_cast<double>(q[y][i]);
      const auto off = [&](auto v) { return std::abs(static_cast<double>(Quad(v) - q[y][i])); };
      // A few dozen roundings of values of order one.
      BOOST_TEST(off(f[y][i]) <= 64 * 0x1p-24 * (1 + std::abs(exact)));
      BOOST_TEST(off(d[y][i]) <= 64 * 0x1p-53 * (1 + std::abs(exact)));
      BOOST_TEST(off(e[y][i]) <= 64 * 0x1p-64 * (1 + std::abs(exact)));
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_written_in_the_program_stay_exact_in_wider_replays) {
  Tape tape(DType::float32);
  const Var x = tape.leaf(Tensor(1.0));
  const Var y = 0.1 * x;
  Workspace<double> ws(Plan{y});
  ws.run();
  BOOST_TEST(ws[y][0] == 0.1);
}

BOOST_AUTO_TEST_CASE(a_training_step_is_one_replay) {
  Net net;
  PlanOptions options;
  for (std::size_t k = 0; k < net.parameters.size(); ++k) {
    options.updates.emplace_back(net.parameters[k], net.parameters[k] - 0.1 * net.gradient[k]);
  }
  const Plan plan({net.cost}, options);
  Workspace<double> ws(plan);

  std::vector<Tensor> expected;
  for (const auto& [leaf, value] : options.updates) expected.push_back(value.value());
  ws.run();
  for (std::size_t k = 0; k < expected.size(); ++k) {
    BOOST_TEST((ws.tensor(net.parameters[k]) == expected[k]));
  }
  const double first = ws[net.cost][0];
  for (int i = 0; i < 200; ++i) ws.run();
  BOOST_TEST(ws[net.cost][0] < 0.8 * first);
}

BOOST_AUTO_TEST_CASE(randomness_is_a_function_of_the_step) {
  Net net;
  Workspace<double> ws(Plan{net.cost});
  const auto cost_at = [&](Index step) {
    ws.index_leaf(net.tape.step())[0] = step;
    ws.run();
    return ws[net.cost][0];
  };
  const double zero = cost_at(0), one = cost_at(1);
  BOOST_TEST(zero == net.cost.item());
  BOOST_TEST(zero != one);
  BOOST_TEST(cost_at(0) == zero);
  BOOST_TEST(cost_at(1) == one);
}

BOOST_AUTO_TEST_CASE(a_branch_on_a_recorded_value_is_guarded) {
  Tape tape;
  const Var x = tape.leaf(Tensor(1.0));
  const Var y = x > 0 ? 2 * x : -x;
  Workspace<double> ws(Plan{y});
  ws.run();
  BOOST_TEST(ws[y][0] == 2.0);
  ws.leaf(x)[0] = -1;
  BOOST_CHECK_THROW(ws.run(), GuardError);
}

BOOST_AUTO_TEST_CASE(complex_step_runs_where_every_op_is_analytic) {
  Tape tape;
  const Var x = tape.leaf(Tensor(0.7));
  const Var y = exp(x) * sqrt(x) / (1 + square(x));
  Workspace<Complex> ws(Plan{y});
  ws.leaf(x)[0] = Complex(0.7, 1e-200);
  ws.run();
  // The complex step has no cancellation: a few roundings remain.
  BOOST_TEST(ws[y][0].imag() / 1e-200 == grad(y, x).item(), boost::test_tools::tolerance(1e-14));
  BOOST_CHECK_THROW(Workspace<Complex>(Plan{abs(x)}), TypeError);
}

BOOST_AUTO_TEST_CASE(wrong_calls_are_refused) {
  Net net;
  Workspace<double> ws(Plan{net.cost});
  BOOST_CHECK_THROW(static_cast<void>(ws.leaf(net.hidden)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(ws[net.hidden]), StateError);
  BOOST_CHECK_THROW(ws.rerun(net.w1), StateError);
  BOOST_CHECK_THROW(ws.set(net.w1, Tensor(Shape{2})), ShapeError);
  BOOST_CHECK_THROW(static_cast<void>(ws.leaf(net.labels)), TypeError);
  BOOST_CHECK_THROW(Plan(std::span<const Var>{}), StateError);
  BOOST_CHECK_THROW(Plan({net.cost}, {.updates = {{net.w1, net.b1}}}), ShapeError);
  BOOST_CHECK_THROW(Plan({net.cost}, {.updates = {{net.hidden, net.hidden}}}), StateError);
  const Var next = net.b1 * 0.5;
  BOOST_CHECK_THROW(Plan({net.cost}, {.updates = {{net.b1, next}, {net.b1, next}}}), StateError);
  BOOST_CHECK_THROW(Plan({reshape(net.b1, {2, 3})}, {.updates = {{net.b1, next}}}), StateError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
