#include "autodiff/grad.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

BOOST_AUTO_TEST_SUITE(grad_suite)

BOOST_AUTO_TEST_CASE(polynomial_to_third_order) {
  Tape tape;
  const Var x = tape.leaf(Tensor(2.0), "x");
  const Var y = x * x * x + 2 * x;
  const Var first = grad(y, x), second = grad(first, x), third = grad(second, x);
  BOOST_TEST(y.item() == 12.0);
  BOOST_TEST(first.item() == 14.0);
  BOOST_TEST(second.item() == 12.0);
  BOOST_TEST(third.item() == 6.0);
}

BOOST_AUTO_TEST_CASE(a_value_used_twice_collects_both_derivatives) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {1.0, 2.0}));
  const Var y = sum(x * x + exp(x) * x);
  const Var g = grad(y, x);
  for (int i = 0; i < 2; ++i) {
    const double v = i + 1;
    BOOST_TEST(g.data<double>()[static_cast<std::size_t>(i)] == 2 * v + std::exp(v) * (1 + v),
               boost::test_tools::tolerance(1e-15));
  }
}

BOOST_AUTO_TEST_CASE(broadcast_operands_receive_summed_derivatives) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{2, 1}, {1.0, 2.0}));
  const Var b = tape.leaf(Tensor(Shape{3}, {1.0, 2.0, 3.0}));
  const auto g = grad(sum(a * b), {a, b});
  BOOST_TEST((g[0].value() == Tensor(Shape{2, 1}, {6.0, 6.0})));
  BOOST_TEST((g[1].value() == Tensor(Shape{3}, {3.0, 3.0, 3.0})));
}

BOOST_AUTO_TEST_CASE(no_dependence_gives_a_zero_of_the_right_shape) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 3}));
  const Var y = tape.leaf(Tensor(1.0));
  BOOST_TEST((grad(y * 2, x).value() == Tensor(Shape{2, 3})));
}

BOOST_AUTO_TEST_CASE(jvp_and_vjp_are_adjoint) {
  Tape tape;
  const Var w = tape.leaf(Tensor(Shape{2, 3}, {0.1, -0.2, 0.3, 0.5, 0.7, -0.4}));
  const Var x = tape.leaf(Tensor(Shape{3, 2}, {1.0, 2.0, -1.0, 0.5, 0.25, -2.0}));
  const Var y = softmax(tanh(matmul(w, x)) + sin(sum(x, 0)));
  const Var t = tape.constant(Tensor(Shape{3, 2}, {0.3, -0.7, 0.2, 0.9, -0.5, 0.1}));
  const Var c = tape.constant(Tensor(Shape{2, 2}, {1.0, -0.5, 0.25, 2.0}));
  const Var forward = jvp(std::span(&y, 1), std::span(&x, 1), std::span(&t, 1)).front();
  const Var backward = vjp(std::span(&y, 1), std::span(&c, 1), std::span(&x, 1)).front();
  // The same number by two routes of a dozen roundings each.
  BOOST_TEST(sum(forward * c).item() == sum(backward * t).item(),
             boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(hvp_is_the_derivative_of_the_directional_derivative) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {1.0, 2.0}));
  const Var y = sum(x * x * x);
  const Var v = tape.constant(Tensor(Shape{2}, {1.0, -1.0}));
  const Var h = hvp(y, std::span(&x, 1), std::span(&v, 1)).front();
  BOOST_TEST((h.value() == Tensor(Shape{2}, {6.0, -12.0})));
}

BOOST_AUTO_TEST_CASE(derivative_records_carry_the_line_of_their_origin) {
  Tape tape;
  const Var x = tape.leaf(Tensor(0.5));
  const Var y = tanh(x);
  const auto line = tape.node(y).where.line();
  const Var g = grad(y, x);
  BOOST_TEST(line == __LINE__ - 3u);
  BOOST_TEST(tape.node(g).where.line() == line);
  BOOST_TEST(tape.node(g).origin == y.index());
}

BOOST_AUTO_TEST_CASE(wrong_calls_are_refused) {
  Tape tape, other;
  const Var x = tape.leaf(Tensor(Shape{2}));
  const Var z = other.leaf(Tensor(Shape{2}));
  BOOST_CHECK_THROW(static_cast<void>(grad(x, x)), ShapeError);
  BOOST_CHECK_THROW(x + z, StateError);
  BOOST_CHECK_THROW(static_cast<void>(grad(sum(x), z)), StateError);
  const Var y = x * 2;
  BOOST_CHECK_THROW(static_cast<void>(vjp(std::span(&y, 1), {}, std::span(&x, 1))), ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
