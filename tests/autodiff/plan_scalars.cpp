// Programs of single numbers, whose arithmetic a plan takes as one kernel.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

/// A program drawn at random of six leaves, two of them settled, and constants: arithmetic, and now and then
/// an op that is none, axes of one element, a vector that ends in its sum.
struct Drawn {
  Drawn(Tape& tape, std::uint64_t seed, const std::vector<double>& at) {
    std::mt19937_64 random(seed);
    std::vector<Var> values;
    for (double v : at) leaves.push_back(tape.leaf(Tensor(Shape{}, {v})));
    values = leaves;
    for (double v : {0.75, -1.5}) values.push_back(tape.constant(Tensor(Shape{}, {v})));
    const auto any = [&] { return values[random() % values.size()]; };
    for (int i = 0; i < 60; ++i) values.push_back(reshape(step(random, any(), any()), {}));
    cost = values.back();
    for (std::size_t i = 0; i < values.size(); i += 5) cost = cost + sin(values[i]);
    for (Var leaf : leaves) cost = cost + leaf * leaves[0];
    outputs = grad(cost, leaves);
    outputs.push_back(cost);
  }

  static Var step(std::mt19937_64& random, Var a, Var b) {
    switch (random() % 9) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return sin(a) * b;
      case 3:
        return a / (2 + square(b));
      case 4:
        return -a;
      case 5:
        return cos(a);
      case 6:
        return sum(tanh_of(broadcast_to(a, {3})) * 0.25) + b;
      case 7:
        return reshape(a, {1, 1}) - b;
      default:
        return 0.5 * a;
    }
  }
  static Var tanh_of(Var x) { return x / (1 + square(x)); }

  std::vector<Var> leaves, outputs;
  Var cost;
};

std::vector<double> point(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-2, 2);
  std::vector<double> at(6);
  for (double& v : at) v = uniform(random);
  return at;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_scalars_suite)

/// Replayed elsewhere, a program has the bits that recording it there would have.
BOOST_DATA_TEST_CASE(a_replay_has_the_bits_of_a_recording,
                     boost::unit_test::data::xrange(40) * boost::unit_test::data::xrange(4), seed,
                     options) {
  const auto s = static_cast<std::uint64_t>(seed);
  Tape tape, anew;
  const Drawn there(tape, s, point(s)), here(anew, s, point(s + 1000));
  PlanOptions o{.reuse_memory = (options & 1) != 0, .fuse = (options & 2) != 0};
  o.settled = {there.leaves[0], there.leaves[1]};
  Workspace<double> ws(Plan(there.outputs, o));
  for (std::size_t i = 0; i < there.leaves.size(); ++i) {
    ws.leaf(there.leaves[i])[0] = here.leaves[i].item();
  }
  ws.settle();
  ws.run();
  for (std::size_t i = 0; i < there.outputs.size(); ++i) {
    BOOST_TEST(ws[there.outputs[i]][0] == here.outputs[i].item());
  }
}

/// From one leaf after the other.
BOOST_DATA_TEST_CASE(a_partial_replay_computes_no_less, boost::unit_test::data::xrange(40), seed) {
  const auto s = static_cast<std::uint64_t>(seed);
  Tape tape;
  const Drawn there(tape, s, point(s));
  const Plan plan(there.outputs, {.reuse_memory = false});
  Workspace<double> full(plan), partial(plan);
  partial.run();
  for (Var leaf : there.leaves) {
    for (auto* ws : {&full, &partial}) ws->leaf(leaf)[0] += 0.125;
    full.run();
    partial.rerun(leaf);
    for (Var y : there.outputs) BOOST_TEST(full[y][0] == partial[y][0]);
  }
}

/// In other arithmetic the same program agrees to the rounding of the narrower: some 400 operations on
/// numbers of order 10 lose no more than a factor 10^4 of it.
BOOST_DATA_TEST_CASE(other_scalars_agree, boost::unit_test::data::xrange(10), seed) {
  const auto s = static_cast<std::uint64_t>(seed);
  Tape tape;
  const Drawn there(tape, s, point(s));
  const Plan plan(there.outputs);
  Workspace<double> narrow(plan);
  Workspace<Quad> wide(plan);
  Workspace<Complex> complex(plan);
  narrow.run(), wide.run(), complex.run();
  for (Var y : there.outputs) {
    const double bound = 1e4 * 0x1p-53 * (1 + std::abs(narrow[y][0]));
    BOOST_TEST(std::abs(narrow[y][0] - static_cast<double>(wide[y][0])) <= bound);
    BOOST_TEST(std::abs(complex[y][0] - narrow[y][0]) <= bound);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
