#include "autodiff/ops/reduction/statistics.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "tests/autodiff/quad_gradient.hpp"
#include "tests/autodiff/values.hpp"

namespace dtheta {
namespace {

using namespace testing;

/// A tensor (2, 3, 2) of small integers.
Var cube_of_numbers(Tape& tape) {
  return tape.leaf(
      Tensor(Shape{2, 3, 2}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 14.0}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(statistics_suite)

BOOST_AUTO_TEST_CASE(products) {
  Tape tape;
  const Var x = matrix(tape, 2, 3, {1, 2, 3, 4, 0, 6});
  BOOST_TEST(prod(x).item() == 0);
  expect_values(prod(x, 1), {6, 0});
  expect_values(prod(x, {0}, true), {4, 0, 18});
  expect_values(grad(prod(x), x), {0, 0, 0, 0, 144, 0});
  expect_values(prod(tape.leaf(Tensor(Shape{0, 2})), 0), {1, 1});
  expect_values(prod(cube_of_numbers(tape), {0, 2}), {112, 1080, 4620});
  BOOST_TEST((prod(cube_of_numbers(tape), {0, 2}, true).shape() == Shape{1, 3, 1}));
}

BOOST_AUTO_TEST_CASE(second_derivative_of_a_product_with_two_zeros) {
  Tape tape;
  const Var x = vector(tape, {0, 5, 0});
  const Var g = grad(prod(x), x);
  expect_values(g, {0, 0, 0});
  expect_values(grad(sum(g * tape.constant(Tensor(Shape{3}, {1.0, 0.0, 0.0}))), x), {0, 0, 5});
}

BOOST_AUTO_TEST_CASE(counting) {
  Tape tape;
  const Var x = matrix(tape, 2, 3, {1, 0, nan, 0, -0.0, 0});
  BOOST_TEST(count_nonzero(x).item() == 2);
  expect_values(count_nonzero(x, 1), {2, 0});
  expect_values(count_nonzero(x, 0, true), {1, 0, 1});
}

BOOST_AUTO_TEST_CASE(variance_and_deviation) {
  Tape tape;
  const Var x = matrix(tape, 2, 4, {1, 2, 3, 4, 2, 4, 4, 6});
  expect_values(var(x, 1), {5.0 / 3, 8.0 / 3});
  expect_values(var(x, 1, false, Correction(0)), {1.25, 2});
  expect_values(stddev(x, 1, false, Correction(0)), {std::sqrt(1.25), std::sqrt(2)});
  expect_values(var(x, {0}, true, Correction(0)), {0.25, 1, 0.25, 1});
  BOOST_TEST(near(var(x).item(), 16.0 / 7 + 3.0 / 14));
  BOOST_TEST(near(var(x, {0, 1}, false, Correction(0)).item(), 2.1875));
  expect_values(var(cube_of_numbers(tape), {0, 2}, false, Correction(0)), {9.25, 9.25, 13.5});
}

BOOST_AUTO_TEST_CASE(variance_is_exact_beside_a_large_mean) {
  Tape tape;
  const Var x = vector(tape, {1e8 + 1, 1e8 + 2, 1e8 + 3});
  BOOST_TEST(var(x).item() == 1);
  BOOST_TEST(stddev(vector(tape, {0.1, 0.1, 0.1})).item() == 0);
  expect_values(center(vector(tape, {0.1, 0.1, 0.1}), 0), {0, 0, 0});
  Tape narrow(DType::float32);
  const Var y = narrow.leaf(Tensor(Shape{3}, {4096.5F, 4097.5F, 4098.5F}));
  BOOST_TEST(var(y).item() == 1);
}

BOOST_AUTO_TEST_CASE(deviation_of_equal_elements_has_the_derivative_zero) {
  Tape tape;
  const Var x = vector(tape, {0.1, 0.1, 0.1});
  expect_values(grad(stddev(x), x), {0, 0, 0});
}

BOOST_AUTO_TEST_CASE(too_few_elements_for_a_variance) {
  Tape tape;
  BOOST_TEST(std::isnan(var(vector(tape, {3})).item()));
  BOOST_TEST(std::isinf(var(vector(tape, {3, 4}), 0, false, Correction(2)).item()));
  BOOST_TEST(std::isnan(var(tape.leaf(Tensor(Shape{0}))).item()));
}

BOOST_AUTO_TEST_CASE(both_moments) {
  Tape tape;
  const Moments m = moments(cube_of_numbers(tape), {0, 2}, true);
  BOOST_TEST((m.mean.shape() == Shape{1, 3, 1}));
  expect_values(m.mean, {4.5, 6.5, 9});
  expect_values(m.variance, {9.25, 9.25, 13.5});
}

BOOST_AUTO_TEST_CASE(reductions_over_axes_that_are_not_adjacent_have_derivatives) {
  const auto check = [](auto f) {
    Tape tape;
    const Var x = tape.leaf(varied({2, 3, 2}, 5));
    const GradientErrors off = gradient_errors(f(x), std::span(&x, 1));
    BOOST_TEST(off.first < 1e-20);
    BOOST_TEST(off.second < 1e-20);
  };
  check([](Var x) { return prod(x, {0, 2}); });
  check([](Var x) { return var(x, {0, 2}, true); });
  check([](Var x) { return stddev(x, {-1, 0}); });
  check([](Var x) { return norm(x, 3, {0, 2}); });
  check([](Var x) { return center(x, {0, 2}); });
  check([](Var x) { return moments(x, {0, 2}).variance; });
}

BOOST_AUTO_TEST_CASE(norms) {
  Tape tape;
  const Var x = vector(tape, {3, -4, 0});
  BOOST_TEST(norm(x).item() == 5);
  BOOST_TEST(norm(x, 1).item() == 7);
  BOOST_TEST(norm(x, 0).item() == 2);
  BOOST_TEST(norm(x, infinity).item() == 4);
  BOOST_TEST(norm(x, -infinity).item() == 0);
  BOOST_TEST(near(norm(x, 3).item(), std::cbrt(91.0)));
  BOOST_TEST(near(norm(x, 0.5).item(), std::pow(std::sqrt(3.0) + 2, 2)));
  BOOST_TEST(norm(x, -1).item() == 0);
  BOOST_TEST(near(norm(vector(tape, {2, -2}), -1).item(), 1));
  expect_values(norm(matrix(tape, 2, 2, {3, 4, 6, 8}), 2, 1), {5, 10});
  expect_values(norm(matrix(tape, 2, 2, {3, 5, 4, 12}), 2, 0, true), {5, 13});
}

BOOST_AUTO_TEST_CASE(norms_neither_overflow_nor_underflow) {
  Tape tape;
  BOOST_TEST(near(norm(vector(tape, {3e200, 4e200})).item(), 5e200));
  BOOST_TEST(near(norm(vector(tape, {3e-200, 4e-200})).item(), 5e-200));
  BOOST_TEST(near(norm(vector(tape, {3e-170, 4e-170, 0})).item(), 5e-170));
  BOOST_TEST(near(norm(vector(tape, {1e200, 1e200}), 4).item(), 1e200 * std::pow(2, 0.25)));
  BOOST_TEST(norm(vector(tape, {infinity, 1})).item() == infinity);
  BOOST_TEST(norm(vector(tape, {infinity, 1}), 3).item() == infinity);
  BOOST_TEST(std::isnan(norm(vector(tape, {nan, 1})).item()));
  BOOST_TEST(std::isnan(norm(vector(tape, {1, nan}), infinity).item()));
  BOOST_TEST(std::isnan(norm(vector(tape, {1, nan}), 3).item()));
  const Var large = vector(tape, {3e200, 4e200});
  expect_values(grad(norm(large), large), {0.6, 0.8});
}

BOOST_DATA_TEST_CASE(norms_of_zeros,
                     boost::unit_test::data::make({0.0, 0.5, 1.0, 1.5, 2.0, 3.0, infinity,
                                                   -infinity, -1.0}),
                     p) {
  Tape tape;
  const Var x = vector(tape, {0, 0});
  const Var y = norm(x, p);
  BOOST_TEST(y.item() == 0);
  const Var g = grad(y, x);
  expect_values(g, {0, 0});
  expect_values(grad(sum(g), x), {0, 0});
}

BOOST_AUTO_TEST_CASE(norms_of_nothing) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{0}));
  BOOST_TEST(norm(x).item() == 0);
  BOOST_TEST(norm(x, 0.5).item() == 0);
}

BOOST_AUTO_TEST_CASE(medians) {
  Tape tape;
  BOOST_TEST(median(vector(tape, {5, 1, 4})).item() == 4);
  BOOST_TEST(median(vector(tape, {5, 1, 4, 2})).item() == 2);
  BOOST_TEST(std::isnan(median(vector(tape, {5, nan, 4})).item()));
  const Var x = matrix(tape, 2, 3, {3, 1, 2, 7, 7, 9});
  expect_values(median(x, 1), {2, 7});
  expect_values(median(x, {0}, true), {3, 1, 2});
  expect_values(grad(sum(median(x, 1)), x), {0, 0, 1, 0.5, 0.5, 0});
}

BOOST_AUTO_TEST_CASE(arguments_of_extrema) {
  Tape tape;
  const Var x = matrix(tape, 2, 3, {1, 5, 5, -2, -2, -3});
  expect_indices(argmax(x, 1), {1, 0});
  expect_indices(argmax(x, 1, false, Tie::last), {2, 1});
  expect_indices(argmin(x, 1), {0, 2});
  expect_indices(argmin(x, -2, true), {1, 1, 1});
  BOOST_TEST((argmin(x, 0, true).shape() == Shape{1, 3}));
  expect_indices(argmax(x), {1});
  expect_indices(argmin(x), {5});
  expect_indices(argmax(vector(tape, {1, nan, 3, nan}), 0), {1});
  expect_indices(argmin(vector(tape, {1, nan, 3, nan}), 0, false, Tie::last), {3});
  BOOST_TEST((argmax(tape.leaf(Tensor(Shape{0, 2})), 1).shape() == Shape{0}));
}

BOOST_AUTO_TEST_CASE(sparsemax_projects_onto_the_simplex) {
  Tape tape;
  expect_values(sparsemax(vector(tape, {1, 1})), {0.5, 0.5});
  expect_values(sparsemax(vector(tape, {3, 0, 1})), {1, 0, 0});
  expect_values(sparsemax(vector(tape, {0.5, 0.25, -1})), {0.625, 0.375, 0});
  expect_values(sparsemax(vector(tape, {1e300, -1e300})), {1, 0});
  expect_values(sparsemax(matrix(tape, 2, 2, {0, 7, 0, 0}), 0), {0.5, 1, 0.5, 0});
  BOOST_TEST(std::isnan(sparsemax(vector(tape, {nan, 1})).data<double>()[0]));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
