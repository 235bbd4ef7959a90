// Derivatives of derivatives where a rule that selects would be right for the value alone. The
// numbers wanted are those of calculus, at the point named.

#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_regression.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

BOOST_AUTO_TEST_SUITE(ops_special_points)

// f = x^y: f_xy = x^(y-1) (1 + y log x)
BOOST_AUTO_TEST_CASE(pow_where_the_exponent_is_0) {
  expect(mixed(pow, 5, 0), {0.2, 0.2});
  expect(mixed(pow, 0.25, 0), {4, 4});
}

BOOST_AUTO_TEST_CASE(pow_where_the_base_is_0) {
  expect(mixed(pow, 0, 3), {0, 0});
  expect(gradient(pow, 0, 3), {0, 0});
  expect(gradient(pow, 0, 1), {1, 0});
}

// f_xxy of x^y is x^(y-2) (2y - 1 + y (y - 1) log x), at (3, 1): 1/3
BOOST_AUTO_TEST_CASE(third_derivative_of_pow) {
  Tape tape;
  const Var x = tape.leaf(Tensor(3.0)), y = tape.leaf(Tensor(1.0));
  const Var xx = grad(grad(pow(x, y), x), x);
  expect({grad(xx, y).item()}, {1.0 / 3});
  expect({grad(grad(grad(pow(x, y), y), x), x).item()}, {1.0 / 3});
}

BOOST_AUTO_TEST_CASE(xlogy_without_weight) {
  expect(mixed(xlogy, 0, 4), {0.25, 0.25});
  expect(mixed(detail::xdivy, 0, 4), {-1.0 / 16, -1.0 / 16});
}

// d/dy d/dp of -(y log p + (1 - y) log(1 - p)) = -1/p - 1/(1 - p)
BOOST_AUTO_TEST_CASE(binary_cross_entropy_of_hard_labels) {
  expect(mixed(binary_cross_entropy, 0.25, 0), {-4 - 4.0 / 3, -4 - 4.0 / 3});
  expect(mixed(binary_cross_entropy, 0.25, 1), {-4 - 4.0 / 3, -4 - 4.0 / 3});
}

BOOST_AUTO_TEST_CASE(cross_entropy_of_a_target_without_the_class) {
  Tape tape;
  const Var p = tape.leaf(vector_of({0.25, 0.75})), t = tape.leaf(vector_of({0, 1}));
  const Var g = grad(cross_entropy(p, t), p);
  expect(numbers_of(grad(sum(g), t)), {-4, -4.0 / 3});
}

BOOST_AUTO_TEST_CASE(poisson_loss_of_nothing_counted) {
  const Function2 loss = [](Var rate, Var t) { return poisson_nll_of_rate(rate, t, 0); };
  expect(mixed(loss, 4, 0), {-0.25, -0.25});
}

BOOST_AUTO_TEST_CASE(kl_div_without_a_share) { expect(mixed(kl_div, -2, 0), {-1, -1}); }

BOOST_AUTO_TEST_CASE(squares_of_norms_at_0) {
  const auto hessian = [](const Function& f, const std::vector<double>& at) {
    Tape tape;
    const Var x = tape.leaf(vector_of(at));
    const Var g = grad(f(x), x);
    std::vector<double> rows;
    for (Index i = 0; i < x.size(); ++i) {
      for (const double h : numbers_of(grad(select(g, 0, i), x))) rows.push_back(h);
    }
    return rows;
  };
  expect(hessian([](Var x) { return square(norm(x)); }, {0, 0}), {2, 0, 0, 2});
  expect(hessian([](Var x) { return sum(square(norm(x, 2, Axes{0}, true))); }, {0, 0}),
         {2, 0, 0, 2});
  expect(hessian([](Var x) { return square(hypot(select(x, 0, 0), select(x, 0, 1))); }, {0, 0}),
         {2, 0, 0, 2});
  expect(hessian([](Var x) { return sum(square(abs(x))); }, {0, 3}), {2, 0, 0, 2});
}

Var matrix(Tape& tape, std::initializer_list<double> values) {
  return tape.leaf(Tensor(Shape{2, 2}, values));
}

// The derivative of a determinant is made of cofactors, whether there is an inverse or not.
BOOST_AUTO_TEST_CASE(det_of_singular_matrices) {
  Tape tape;
  const Var a = matrix(tape, {1, 2, 2, 4});
  expect(numbers_of(grad(det(a), a)), {4, -2, -2, 1});
  const Var zero = matrix(tape, {0, 0, 0, 0});
  expect(numbers_of(grad(det(zero), zero)), {0, 0, 0, 0});
  // of a 2 x 2 matrix: the adjugate is linear, so second derivatives are 1 and -1
  const Var g = grad(det(zero), zero);
  expect(numbers_of(grad(sum(g), zero)), {1, -1, -1, 1});
}

BOOST_AUTO_TEST_CASE(det_near_singular_matrices) {
  Tape tape;
  const Var a = matrix(tape, {1, 1, 1, 1 + 0x1p-40});
  const Var g = grad(det(a), a);
  expect(numbers_of(g), {1 + 0x1p-40, -1, -1, 1});
  expect(numbers_of(grad(sum(g), a)), {1, -1, -1, 1});
}

BOOST_AUTO_TEST_CASE(one_singular_matrix_of_a_batch) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{2, 2, 2}, {1., 2., 2., 4., 2., 1., 0., 3.}));
  expect(numbers_of(grad(sum(det(a)), a)), {4, -2, -2, 1, 3, 0, -1, 2});
}

// The sum of the eigenvalues is the trace, whose derivative is the identity and whose second one 0.
BOOST_AUTO_TEST_CASE(sum_of_equal_eigenvalues) {
  Tape tape;
  const Var a = matrix(tape, {1, 0, 0, 1});
  const Var g = grad(sum(eigh(a).values), a);
  expect(numbers_of(g), {1, 0, 0, 1});
  const Var weights = matrix(tape, {0.5, -1, 2, 0.25});
  expect(numbers_of(grad(sum(g * weights), a)), {0, 0, 0, 0});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
