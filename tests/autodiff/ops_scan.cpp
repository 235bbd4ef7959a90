#include "autodiff/ops/reduction/running_extrema.hpp"
#include "autodiff/ops/reduction/scan.hpp"

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "tests/autodiff/values.hpp"

namespace dtheta {

using namespace testing;

BOOST_AUTO_TEST_SUITE(scan_suite)

BOOST_AUTO_TEST_CASE(running_sums) {
  Tape tape;
  const Var x = vector(tape, {1, 2, 3, 4});
  expect_values(cumsum(x, 0), {1, 3, 6, 10});
  expect_values(cumsum(x, -1, true), {0, 1, 3, 6});
  expect_values(cumsum(x, 0, false, true), {10, 9, 7, 4});
  expect_values(cumsum(x, 0, true, true), {9, 7, 4, 0});
  const Var m = matrix(tape, 2, 3, {1, 2, 3, 4, 5, 6});
  expect_values(cumsum(m, 0), {1, 2, 3, 5, 7, 9});
  expect_values(cumsum(m, 1), {1, 3, 6, 4, 9, 15});
}

BOOST_AUTO_TEST_CASE(running_products) {
  Tape tape;
  const Var x = vector(tape, {2, -3, 4});
  expect_values(cumprod(x, 0), {2, -6, -24});
  expect_values(cumprod(x, 0, true), {1, 2, -6});
  expect_values(cumprod(x, 0, false, true), {-24, -12, 4});
  expect_values(cumprod(x, 0, true, true), {-12, 4, 1});
}

BOOST_AUTO_TEST_CASE(derivatives_of_running_products_with_zeros) {
  Tape tape;
  const Var x = vector(tape, {2, 0, 3, 0});
  // 2 + 2*0 + 2*0*3 + 2*0*3*0 in terms of each factor
  expect_values(grad(sum(cumprod(x, 0)), x), {1, 8, 0, 0});
}

BOOST_AUTO_TEST_CASE(running_logarithms_of_sums) {
  Tape tape;
  const Var x = vector(tape, {0, 0, 0, 0});
  expect_values(logcumsumexp(x, 0), {0, std::log(2), std::log(3), std::log(4)});
  expect_values(logcumsumexp(vector(tape, {1e300, -1e300, 1e300}), 0), {1e300, 1e300, 1e300});
  expect_values(logcumsumexp(vector(tape, {-infinity, -infinity, 5, infinity}), 0),
                {-infinity, -infinity, 5, infinity});
}

BOOST_AUTO_TEST_CASE(leading_minus_infinities_have_no_derivative_and_make_no_nan) {
  Tape tape;
  const Var x = vector(tape, {-infinity, -infinity, 0, 0});
  const Var y = logcumsumexp(x, 0);
  const Var weights = tape.constant(Tensor(Shape{4}, {0.0, 0.0, 1.0, 2.0}));
  const Var g = grad(sum(where(weights, y * weights, 0)), x);
  expect_values(g, {0, 0, 2, 1});
  for (const double h : grad(sum(g * g), x).data<double>()) BOOST_TEST(std::isfinite(h));
}

BOOST_AUTO_TEST_CASE(running_extrema_give_the_derivative_to_the_last_tie) {
  Tape tape;
  const Var x = vector(tape, {1, 3, 2, 3, 0});
  expect_values(cummax(x, 0), {1, 3, 3, 3, 3});
  expect_values(grad(sum(cummax(x, 0)), x), {1, 2, 0, 2, 0});
  expect_values(cummin(x, 0), {1, 1, 1, 1, 0});
  expect_values(grad(sum(cummin(x, 0)), x), {4, 0, 0, 0, 1});
  expect_values(cummax(vector(tape, {1, nan, 5}), 0), {1, nan, nan});
  expect_values(cummin(vector(tape, {-infinity, 2}), 0), {-infinity, -infinity});
}

BOOST_AUTO_TEST_CASE(linear_recurrence) {
  Tape tape;
  const Var a = vector(tape, {7, 2, 3}), b = vector(tape, {1, 1, 1});
  expect_values(linear_scan(a, b, 0), {1, 3, 10});
  expect_values(linear_scan(a, b, 0, true), {22, 3, 1});
  expect_values(linear_scan(0.5, b, 0), {1, 1.5, 1.75});
  const Var rows = matrix(tape, 2, 1, {1, 10});
  expect_values(linear_scan(rows, vector(tape, {1, 2}), 1), {1, 3, 1, 12});
}

BOOST_AUTO_TEST_CASE(empty_axes) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 0}));
  BOOST_TEST((cumsum(x, 1).shape() == Shape{2, 0}));
  BOOST_TEST((cumprod(x, 0).shape() == Shape{2, 0}));
  BOOST_TEST((grad(sum(cumprod(x, 1)), x).shape() == Shape{2, 0}));
  BOOST_TEST((logcumsumexp(x, 1).shape() == Shape{2, 0}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
