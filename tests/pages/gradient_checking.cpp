// The code of docs/gradient-checking.md, and what README says of Jacobians.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <sstream>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/check_in.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/shrink.hpp"
#include "nn/nn.hpp"

using namespace dtheta;

namespace {

using Vector = std::vector<double>;

/// J = x^2 + 3 y, and x^2 y with both derivatives.
double parabola(std::span<const double> t) { return t[0] * t[0] + 3 * t[1]; }
Vector residuals(std::span<const double> x) { return {x[0] * x[0] * x[1], x[0]}; }
Vector jacobian(std::span<const double> x) { return {2 * x[0] * x[1], x[0] * x[0], 1, 0}; }

/// The first program of the page.
int program(const gradcheck::Cost& cost, const Vector& gradient, const Vector& theta) {
  const gradcheck::Result result = gradcheck::check(cost, gradient, theta);
  std::cout << result;    // the whole report
  return result ? 0 : 1;  // true only for a pass
}

/// A small network of the tape.
struct Small {
  Tape tape;
  nn::Sequential model{nn::Linear(3, 4, {1, 1}), nn::Activation::tanh, nn::Linear(4, 1, {1, 2})};
  nn::RecordedCost recorded =
      nn::record_cost(tape, model, nn::uniform({5, 3}, -1, 1, {1, 3}),
                      nn::uniform({5, 1}, -1, 1, {1, 4}), {.loss = nn::Loss::mse});
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gradient_checking_page)

BOOST_AUTO_TEST_CASE(a_program_that_checks) {
  BOOST_TEST(program(parabola, {2, 3}, {1, 5}) == 0);
  BOOST_TEST(program(parabola, {2, 2}, {1, 5}) == 1);
}

BOOST_AUTO_TEST_CASE(a_jacobian) {
  using namespace dtheta::gradcheck;
  const Vector x{0.5, 2};
  JacobianResult result = check_jacobian(residuals, RowMajor(jacobian), x);
  BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_CASE(a_second_opinion) {
  // J is 1e12, of which double has no digits for the change of a half.
  const Vector theta{10000, 0.5}, gradient{3e8, 1};
  const auto cost = [](auto t) { return t[0] * t[0] * t[0] + t[1]; };
  const auto result = gradcheck::check_in<long double, std::complex<double>>(cost, gradient, theta);
  BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_CASE(a_network) {
  Small small;
  const nn::RecordedCost& recorded = small.recorded;
  gradcheck::Result result = gradcheck::check_network(recorded);
  BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_CASE(a_network_again_and_again) {
  Small small;
  const nn::RecordedCost& recorded = small.recorded;
  const gradcheck::NetworkOptions options;
  const auto leaves = gradcheck::checked_leaves(recorded.parameters);
  gradcheck::ParameterVector theta = gradcheck::parameters_of(leaves);
  const int epochs = 2;
  const auto train = [&](gradcheck::ParameterVector& t) {
    for (double& v : t.values()) v *= 0.5;
  };

  std::vector<gradcheck::Result> results;

  gradcheck::NetworkCheck check(recorded, options);
  for (int epoch = 0; epoch < epochs; ++epoch) {
    train(theta);  // θ as it is now, laid out as parameters_of(leaves)
    results.push_back(check(theta));
  }
  BOOST_TEST(results.size() == 2u);
  for (const gradcheck::Result& result : results) BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_CASE(a_monitor) {
  Small small;
  const nn::RecordedCost& r = small.recorded;
  const std::vector<Var> parameters = nn::leaves_of(r.parameters);
  const std::vector<Var> gradients = grad(r.cost, parameters);
  const nn::OptimizerStep step = nn::Sgd{.learning_rate = 0.1}(parameters, gradients);
  std::vector<Var> outputs{r.cost};
  outputs.insert(outputs.end(), gradients.begin(), gradients.end());
  Workspace<double> ws(Plan(outputs, {.updates = step.updates}));
  const std::size_t steps = 101;

  gradcheck::TapeMonitor monitor(r.cost, gradcheck::checked_leaves(r.parameters));
  for (std::size_t i = 0; i < steps; ++i) {
    monitor.before(i, ws);  // θ, batch and masks, before the step moves them
    ws.run();               // a plan with the gradients among its outputs
    monitor.after(i, ws, gradients);
  }
  BOOST_TEST(monitor.monitor().probes() == 2u);
  BOOST_TEST(monitor.monitor().alarms() == 0u);
}

BOOST_AUTO_TEST_CASE(a_budget) {
  gradcheck::ParameterVector theta;
  theta.add("w", 1, {3}, Vector{0.5, -1, 2});
  const auto cost = [](std::span<const double> t) { return t[0] * t[1] + t[2] * t[2]; };
  const auto gradient = [](std::span<const double> t) { return Vector{t[1], t[0], 2 * t[2]}; };

  gradcheck::Options options;
  options.budget = gradcheck::Budget{.seconds = 10};  // or .evaluations of J, or both
  gradcheck::Result result = gradcheck::check(cost, gradient, theta, options);
  BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_CASE(a_case_made_small) {
  // A sum of squares whose gradient is wrong from the fourth number on.
  const auto check_my_layer = [](std::size_t batch, std::size_t width, std::uint64_t seed) {
    Vector theta(batch * width);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      theta[i] = std::sin(static_cast<double>(seed + i));
    }
    const auto cost = [](std::span<const double> t) {
      return std::inner_product(t.begin(), t.end(), t.begin(), 0.0);
    };
    Vector gradient;
    for (const double t : theta) gradient.push_back(gradient.size() < 3 ? 2 * t : t);
    return gradcheck::check(cost, std::span<const double>(gradient), theta);
  };

  auto small = gradcheck::shrink(
      [&](gradcheck::SizeValues sizes, std::uint64_t seed) {
        return check_my_layer(sizes[0], sizes[1], seed);
      },
      {{"batch", 40}, {"width", 21}});
  std::ostringstream printed;
  printed << small;
  BOOST_TEST(printed.str().find("batch = 1, width = 4") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
