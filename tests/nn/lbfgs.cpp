#include "nn/lbfgs.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

BOOST_AUTO_TEST_SUITE(lbfgs)

/// Rosenbrock's valley: sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, least at (1, 1, ...).
double rosenbrock(std::span<const double> x, std::span<double> g) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    sum += 100 * a * a + b * b;
    g[i] += -400 * x[i] * a - 2 * b;
    g[i + 1] += 200 * a;
  }
  return sum;
}

BOOST_AUTO_TEST_CASE(finds_the_end_of_a_curved_valley) {
  std::vector<double> x(10, -1.2);
  const LbfgsResult r = minimize_lbfgs(rosenbrock, x);
  BOOST_TEST(r.converged);
  BOOST_TEST(r.iterations < 200);
  // The Hessian's smallest eigenvalue there is about 0.5: a gradient of 1e-8 leaves 2e-8 or so.
  for (double v : x) BOOST_TEST(std::abs(v - 1) < 1e-7);
}

BOOST_AUTO_TEST_CASE(a_quadratic_of_n_variables_takes_few_steps) {
  std::vector<double> x{3, -2, 5};
  const auto bowl = [](std::span<const double> t, std::span<double> g) {
    double sum = 0;
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double weight = static_cast<double>(i + 1);
      sum += weight * t[i] * t[i] / 2;
      g[i] = weight * t[i];
    }
    return sum;
  };
  const LbfgsResult r = minimize_lbfgs(bowl, x);
  BOOST_TEST(r.converged);
  BOOST_TEST(r.iterations <= 20);
  BOOST_TEST(r.cost < 1e-15);
}

BOOST_AUTO_TEST_CASE(a_wrong_gradient_does_not_converge) {
  std::vector<double> x(4, -1.2);
  const auto wrong = [](std::span<const double> t, std::span<double> g) {
    const double j = rosenbrock(t, g);
    for (double& v : g) v = -v;
    return j;
  };
  BOOST_TEST(!minimize_lbfgs(wrong, x).converged);
}

BOOST_AUTO_TEST_CASE(wrong_calls_are_refused) {
  std::vector<double> x{1, 2};
  BOOST_CHECK_THROW(minimize_lbfgs(rosenbrock, x, {.memory = 0}), ValueError);
  const auto nan = [](std::span<const double>, std::span<double>) {
    return std::numeric_limits<double>::quiet_NaN();
  };
  BOOST_CHECK_THROW(minimize_lbfgs(nan, x), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn
