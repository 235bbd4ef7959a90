// Derivatives that are cut on purpose: the op and its line are said before any other cause.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/blame/stopped.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

struct Net {
  Tape tape;
  std::vector<CheckedLeaf> leaves;
  std::uint32_t stream = 1;

  Var leaf(const Shape& shape) {
    const std::string name = "p" + std::to_string(stream);
    const Var x = tape.leaf(nn::normal(shape, 0, 0.7, {3, stream}), name);
    leaves.push_back({name, stream++, x});
    return x;
  }
  Var data(const Shape& shape) { return tape.constant(nn::normal(shape, 0, 1, {4, stream++})); }
  [[nodiscard]] Unstopped unstopped(Var cost) const {
    return unstopped_gradient(cost, vars_of(leaves), parameters_of(leaves).values());
  }
};

/// The cause is the cut, at that line of this file.
void names_the_cut(const Result& result, const std::string& op, std::uint_least32_t line) {
  BOOST_TEST((result.verdict == Verdict::fail));
  BOOST_REQUIRE(!result.causes.empty());
  const Cause& first = result.causes.front();
  BOOST_TEST((first.pattern == Pattern::stopped));
  BOOST_TEST(first.sureness() == "certain");
  BOOST_TEST(first.sentence.find(op + " (record ") != std::string::npos, first.sentence);
  BOOST_TEST(first.sentence.find("stopped.cpp:" + std::to_string(line)) != std::string::npos,
             first.sentence);
  BOOST_TEST(std::ranges::count(result.causes, Pattern::wrong_op, &Cause::pattern) == 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stopped)

BOOST_AUTO_TEST_CASE(a_target_that_is_held_is_named) {
  Net net;
  const Var x = net.data({5, 3}), w = net.leaf({3, 2});
  const Var prediction = tanh(matmul(x, w));
  const auto line = SourceLocation::current().line() + 1;
  const Var target = 0.9 * stop_gradient(tanh(matmul(net.data({5, 3}), w)));
  names_the_cut(check_network(mean(square(prediction - target)), net.leaves), "stop_gradient",
                line);
}

BOOST_AUTO_TEST_CASE(a_smooth_part_that_is_let_through_is_named) {
  Net net;
  const Var x = net.leaf({4});
  const auto line = SourceLocation::current().line() + 1;
  const Var y = x + stop_gradient(square(x) - x);
  names_the_cut(check_network(sum(sin(y)), net.leaves), "stop_gradient", line);
}

BOOST_AUTO_TEST_CASE(a_straight_through_estimate_is_named_or_left_open_with_its_line) {
  // J stands still between the integers, so that no difference follows the estimate.
  Net net;
  const Var x = net.leaf({4});
  const auto line = SourceLocation::current().line() + 1;
  const Var y = x + stop_gradient(round(3.0 * x) / 3.0 - x);
  const Result result = check_network(sum(square(y - 2.0)), net.leaves);
  BOOST_TEST((result.verdict != Verdict::pass));
  const std::string place = "stopped.cpp:" + std::to_string(line);
  const auto has_it = [&](const std::string& text) {
    return text.find(place) != std::string::npos;
  };
  const bool caused = !result.causes.empty() && has_it(result.causes.front().sentence);
  BOOST_TEST((caused || std::ranges::any_of(result.notes, has_it)));
}

BOOST_AUTO_TEST_CASE(a_derivative_that_is_scaled_on_purpose_is_named) {
  Net net;
  const Var x = net.data({5, 3}), w = net.leaf({3, 2});
  const auto line = SourceLocation::current().line() + 1;
  const Var features = scale_gradient(tanh(matmul(x, w)), -0.5);
  names_the_cut(check_network(mean(square(features)), net.leaves), "scale_gradient", line);
}

BOOST_AUTO_TEST_CASE(a_cut_that_makes_no_difference_is_not_named) {
  // The largest element is held where rows are divided by it: it cancels.
  Net net;
  const Var x = net.leaf({3, 4});
  const Var cost = sum(l2_normalize(x) * net.data({3, 4})) + sum(stop_gradient(net.data({2})));
  BOOST_TEST(check_network(cost, net.leaves));
  BOOST_TEST(net.unstopped(cost).cuts.empty());
  BOOST_TEST(net.unstopped(sum(square(x))).gradient.empty());
}

BOOST_AUTO_TEST_CASE(beside_a_cut_a_wrong_gradient_of_ones_own_is_still_told) {
  Net net;
  const Var x = net.leaf({4}), z = net.leaf({3});
  const Var cost = sum(square(x) * stop_gradient(cube(x))) + sum(sin(z));
  ParameterVector wrong = gradient_of(cost, net.leaves, parameters_of(net.leaves));
  wrong.values("p2")[1] *= -1;
  NetworkOptions options;
  options.gradient = &wrong;
  const Result result = check_network(cost, net.leaves, options);
  BOOST_TEST(accused(result) == "p1 p2 ");
  BOOST_TEST((result.causes.front().pattern == Pattern::stopped));
}

BOOST_AUTO_TEST_CASE(a_cost_of_ones_own_is_offered_the_hypothesis) {
  const Values theta{0.3, -0.8, 1.1};
  // The target 0.9 sin(x) is held in the gradient.
  const Cost cost = [](std::span<const double> x) {
    double sum = 0;
    for (const double v : x) sum += (v * v - 0.9 * std::sin(v)) * (v * v - 0.9 * std::sin(v));
    return sum;
  };
  Values held;
  for (const double v : theta) held.push_back(2 * (v * v - 0.9 * std::sin(v)) * 2 * v);
  const Result result = check(cost, held, theta);
  BOOST_TEST((result.verdict == Verdict::fail));
  const auto offered = [](const Cause& cause) {
    return cause.pattern == Pattern::stopped && cause.confidence < 0.6;
  };
  BOOST_TEST(std::ranges::any_of(result.blocks[0].causes, offered));
  // A plain mistake is explained without it.
  Values twice;
  for (const double v : theta) {
    twice.push_back(2 * 2 * (v * v - 0.9 * std::sin(v)) * (2 * v - 0.9 * std::cos(v)));
  }
  const Result factor = check(cost, twice, theta);
  BOOST_TEST((factor.causes.front().pattern == Pattern::factor));
  BOOST_TEST(std::ranges::count(factor.blocks[0].causes, Pattern::stopped, &Cause::pattern) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
