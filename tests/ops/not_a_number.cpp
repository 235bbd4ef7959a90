// Where a value is NaN its derivative is.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_regression.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

BOOST_AUTO_TEST_SUITE(ops_not_a_number)

BOOST_AUTO_TEST_CASE(piecewise_functions) {
  const std::vector<std::pair<const char*, Function>> functions{
      {"relu", [](Var x) { return relu(x); }},
      {"relu6", [](Var x) { return relu6(x); }},
      {"leaky_relu", [](Var x) { return leaky_relu(x, 0.1); }},
      {"prelu", [](Var x) { return prelu(x, 0.1); }},
      {"elu", [](Var x) { return elu(x); }},
      {"selu", [](Var x) { return selu(x); }},
      {"clamp", [](Var x) { return clamp(x, -1, 1); }},
      {"threshold", [](Var x) { return threshold(x, 0, 0); }},
      {"softshrink", [](Var x) { return softshrink(x, 0.5); }},
      {"hardshrink", [](Var x) { return hardshrink(x, 0.5); }},
      {"hardtanh", [](Var x) { return hardtanh(x); }},
      {"hardsigmoid", [](Var x) { return hardsigmoid(x); }},
      {"hardswish", [](Var x) { return hardswish(x); }},
      {"hinge", [](Var x) { return hinge(x, 1); }},
      {"maximum", [](Var x) { return maximum(x, 0); }},
      {"minimum", [](Var x) { return minimum(x, 0); }},
      {"abs", [](Var x) { return abs(x); }},
  };
  for (const auto& [name, f] : functions) {
    BOOST_TEST_CONTEXT(name) {
      const std::vector<double> g = gradient(f, {nan, 0.75});
      BOOST_TEST(std::isnan(g[0]));
      BOOST_TEST(!std::isnan(g[1]));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_partner_of_a_nan) {
  expect(gradient(maximum, nan, 1), {nan, nan});
  expect(gradient(minimum, 1, nan), {nan, nan});
}

BOOST_AUTO_TEST_CASE(extrema_of_a_run) {
  expect(gradient([](Var x) { return max(x); }, {1, nan, 3}), {nan, nan, nan});
  expect(gradient([](Var x) { return min(x); }, {1, nan, 3}), {nan, nan, nan});
  expect(gradient([](Var x) { return median(x); }, {1, nan, 3}), {nan, nan, nan});
  // From the NaN on all results are; what comes before receives what is its own.
  expect(gradient([](Var x) { return cummax(x, 0); }, {1, 0, nan, 3}), {2, 0, nan, nan});
  expect(gradient([](Var x) { return cummin(x, 0); }, {1, 2, nan, 3}), {2, 0, nan, nan});
}

BOOST_AUTO_TEST_CASE(outside_of_the_domain) {
  const std::vector<std::pair<const char*, Function>> functions{
      {"log", [](Var x) { return log(x - 2); }},     {"log2", [](Var x) { return log2(x - 2); }},
      {"log10", [](Var x) { return log10(x - 2); }}, {"log1p", [](Var x) { return log1p(x - 3); }},
      {"sqrt", [](Var x) { return sqrt(x - 2); }},   {"atanh", [](Var x) { return atanh(x + 1); }},
      {"acosh", [](Var x) { return acosh(x - 9); }}, {"logit", [](Var x) { return logit(x + 1); }},
      {"asin", [](Var x) { return asin(x + 1); }},   {"rsqrt", [](Var x) { return rsqrt(x - 2); }}};
  for (const auto& [name, f] : functions) {
    BOOST_TEST_CONTEXT(name) { expect(gradient(f, {0.5}), {nan}); }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
