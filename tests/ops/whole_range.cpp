// Rules that would round or overflow on the way, at operands of all sizes. The numbers wanted come
// from the functions' asymptotics, named beside each.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

constexpr double in_float = 16 * 0x1p-24;

BOOST_AUTO_TEST_SUITE(ops_whole_range)

BOOST_AUTO_TEST_CASE(large_logarithms) {
  expect(gradient([](Var x) { return logsumexp(x); }, {1e17, 1e17}), {0.5, 0.5});
  const double e = std::exp(1.0);
  expect(gradient([](Var x) { return logsumexp(x); }, {1e4, 1e4 + 1}, DType::float32),
         {1 / (1 + e), e / (1 + e)}, in_float);
  // the sum of d y[0] = dx[0] and d y[1]
  expect(gradient([](Var x) { return logcumsumexp(x, 0); }, {1e17, 1e17}), {1.5, 0.5});
  expect(gradient(logaddexp, 1e17, 1e17), {0.5, 0.5});
}

BOOST_AUTO_TEST_CASE(inverse_hyperbolic_functions) {  // both slopes tend to 1 / x
  const std::vector<double> slope{static_cast<double>(1 / 1e20F)};
  expect(gradient([](Var x) { return asinh(x); }, {1e20}, DType::float32), slope, in_float);
  expect(gradient([](Var x) { return acosh(x); }, {1e20}, DType::float32), slope, in_float);
  expect(gradient([](Var x) { return asinh(x); }, {1e200}), {1e-200});
  expect(gradient([](Var x) { return acosh(x); }, {1e200}), {1e-200});
}

BOOST_AUTO_TEST_CASE(atan2_of_any_size) {  // homogeneous of degree 0, so its slopes are of -1
  for (const double s : {1e-25, 1.0, 1e25}) {
    expect(gradient(atan2, 3 * s, 4 * s, DType::float32), {4 / s / 25, -3 / s / 25}, in_float);
  }
  for (const double s : {1e-200, 1e200}) {
    expect(gradient(atan2, 3 * s, 4 * s), {4 / s / 25, -3 / s / 25});
  }
}

BOOST_AUTO_TEST_CASE(saturated_functions) {
  // 1 - tanh(x)^2 = 4 e^(-2x) (1 + e^(-2x))^-2, and e^x for expm1
  const double e = std::exp(-20.0);
  expect(gradient([](Var x) { return tanh(x); }, {10, -10}, DType::float32),
         {4 * e / (1 + e) / (1 + e), 4 * e / (1 + e) / (1 + e)}, in_float);
  expect(gradient([](Var x) { return tanh(x); }, {30}), {4 * std::exp(-60.0)});
  expect(gradient([](Var x) { return expm1(x); }, {-40}), {std::exp(-40.0)});
  expect(gradient([](Var x) { return expm1(x); }, {-40}, DType::float32), {std::exp(-40.0)},
         in_float);
}

BOOST_AUTO_TEST_CASE(a_binary_label_that_is_nearly_met) {  // sigmoid(z) - 1 = -1 / (1 + e^z)
  const Function2 loss = [](Var z, Var y) { return binary_cross_entropy_with_logits(z, y); };
  expect({gradient(loss, 50, 1)[0]}, {-1 / (1 + std::exp(50.0))});
  expect({gradient(loss, -50, 0)[0]}, {1 / (1 + std::exp(50.0))});
}

BOOST_AUTO_TEST_CASE(lengths_whose_squares_overflow) {
  for (const double s : {1e-200, 1e200}) expect(gradient(hypot, 3 * s, 4 * s), {0.6, 0.8});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
