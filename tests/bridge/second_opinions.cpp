// Where double is in doubt, the same tape answers in wider scalars. And the tolerance that a
// gradient of float can be held to.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

std::size_t asked(const Result& result) {
  std::size_t evaluations = 0;
  for (const OracleUse& use : result.oracles) evaluations += use.evaluations;
  return evaluations;
}

std::size_t settled(const Result& result, const std::string& name) {
  for (const OracleUse& use : result.oracles) {
    if (use.name == name) return use.settled;
  }
  return 0;
}

/// A network of six sigmoid layers whose first ones hardly matter, below a huge constant.
struct Vanishing {
  Tape tape;
  nn::RecordedCost recorded;

  explicit Vanishing(double offset) {
    using enum nn::Activation;
    const nn::DenseOptions options{
        .activations = {sigmoid, sigmoid, sigmoid, sigmoid, sigmoid, tanh}};
    recorded = random_network({3, 4, 4, 4, 4, 4, 2}, 5, options, 5).record(tape);
    recorded.cost = recorded.cost + offset;
  }
};

/// The tape's gradient with one entry of a block off by a relative error.
ParameterVector spoilt(const nn::RecordedCost& r, const std::string& block, double error) {
  ParameterVector gradient = tape_gradient(r);
  const std::span<double> g = gradient.values(block);
  const auto largest = std::ranges::max_element(g, {}, [](double v) { return std::abs(v); });
  *largest *= 1 + error;
  return gradient;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(second_opinions)

BOOST_AUTO_TEST_CASE(a_shift_before_a_softmax_passes_with_what_rounding_leaves_of_its_gradient) {
  for (const DType precision : {DType::float64, DType::float32}) {
    Tape tape(precision);
    const auto leaf = [&](const Shape& shape, std::uint64_t seed) {
      return tape.leaf(materialize(real(shape, {-1, 1}), seed));
    };
    const Var x = leaf({6, 4}, 1), w = leaf({3, 4}, 2), b = leaf({3}, 3), shift = leaf({6, 1}, 4);
    const Var labels = tape.leaf(Tensor(Shape{6}, std::initializer_list<Index>{0, 1, 2, 2, 1, 0}));
    const Var cost = mean(cross_entropy_with_logits(affine(x, w, b) + shift, labels));
    const std::vector<CheckedLeaf> leaves{{"W", 1, w}, {"b", 1, b}, {"shift", 1, shift}};
    const Result result = check_network(cost, leaves);
    BOOST_TEST(std::ranges::count(result.analytic, 0.0) < 6);  // not all of it cancels
    BOOST_TEST(result);
    BOOST_TEST(!result.block("shift").sensitive);
  }
}

BOOST_AUTO_TEST_CASE(a_vanishing_first_layer_below_a_huge_cost_is_checked_in_quad) {
  Vanishing net(1e8);
  NetworkOptions alone;
  alone.second_opinions = false;
  BOOST_TEST((check_network(net.recorded, alone).verdict == Verdict::inconclusive));
  const Result result = check_network(net.recorded);
  BOOST_TEST(result);
  BOOST_TEST(settled(result, "quad") > 0U);
  BOOST_TEST(result.block("W1").inconclusive == 0U);
}

BOOST_AUTO_TEST_CASE(a_bug_of_one_in_a_million_there_is_found) {
  for (const std::string block : {"W1", "b1", "W3", "W6"}) {
    Vanishing net(1e8);
    const Result result = check_other(net.recorded, spoilt(net.recorded, block, 1e-6));
    BOOST_TEST((result.verdict == Verdict::fail), block);
    BOOST_TEST(accused(result) == block + " ");
    BOOST_TEST(result.block(block).failed == 1U);
  }
}

BOOST_AUTO_TEST_CASE(nobody_is_asked_about_a_clean_network) {
  Tape tape;
  const Result result = check_network(seed_network().record(tape));
  BOOST_TEST(result);
  BOOST_TEST(asked(result) == 0U);
  BOOST_TEST(result.oracles.size() >= 2U);
}

BOOST_AUTO_TEST_CASE(an_analytic_cost_has_a_complex_step_too) {
  // No quad has the digits for this: J is 1e25 and its change 1e-10.
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{3}, {0.5, -0.25, 1.0}), "x");
  const Var cost = sum(exp(1e-12 * x) + x * x * 1e-12) + 1e25;
  const std::vector<CheckedLeaf> leaves{{"x", 1, x}};
  const Result result = check_network(cost, leaves);
  BOOST_TEST(result);
  BOOST_TEST(settled(result, "complex step") == 3U);
  ParameterVector wrong = gradient_of(cost, leaves, parameters_of(leaves));
  wrong.values()[1] *= 1 + 1e-6;
  NetworkOptions options;
  options.gradient = &wrong;
  BOOST_TEST((check_network(cost, leaves, options).verdict == Verdict::fail));

  Tape other;
  const Var y = other.leaf(Tensor(Shape{2}, {0.5, -0.25}), "y");
  const Result real = check_network(sum(relu(y)), std::vector<CheckedLeaf>{{"y", 1, y}});
  for (const OracleUse& use : real.oracles) BOOST_TEST(use.name != "complex step");
}

BOOST_AUTO_TEST_CASE(a_float_gradient_is_held_to_what_float_allows) {
  Tape tape(DType::float32);
  using enum nn::Activation;
  const nn::DenseOptions options{.activations = {tanh, sigmoid}};
  const nn::RecordedCost r = random_network({4, 5, 2}, 6, options, 3).record(tape);
  const Result result = check_network(r);
  BOOST_TEST(result);
  BOOST_TEST(result.tolerance == default_tolerance(0x1p-24));
  BOOST_TEST(result.tolerance < 1e-5);
  const Result wrong = check_other(r, spoilt(r, "W1", 1e-4));
  BOOST_TEST(accused(wrong) == "W1 ");
  NetworkOptions strict;
  strict.tolerance = 1e-7;
  BOOST_TEST(check_network(r, strict).tolerance == 1e-7);
  BOOST_TEST(default_tolerance(0x1p-53) == 1e-7);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
