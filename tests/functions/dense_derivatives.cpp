#include "autodiff/dense_derivatives.hpp"

#include <boost/test/unit_test.hpp>

#include "autodiff/autodiff.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::test {

BOOST_AUTO_TEST_SUITE(dense_derivatives)

BOOST_AUTO_TEST_CASE(a_jacobian_by_rows_and_by_columns) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{3}, {1.0, 2.0, 3.0}));
  const Var a = tape.constant(Tensor(Shape{2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}));
  // More inputs than outputs: by rows. A x has the Jacobian A.
  BOOST_TEST((jacobian(matmul(a, x), x).value() == a.value()));
  // Fewer inputs: by columns. A^T z: A^T.
  const Var z = tape.leaf(Tensor(Shape{2}, {1.0, -1.0}));
  BOOST_TEST((jacobian(matmul(transpose(a), z), z).value() == transpose(a).value()));
  // Axes of both: d(x_i^2)/dx_j = 2 x_i [i = j].
  const Var m = tape.leaf(Tensor(Shape{2, 1}, {3.0, 4.0}));
  BOOST_TEST((jacobian(square(m), m).value() == Tensor(Shape{2, 1, 2, 1}, {6.0, 0.0, 0.0, 8.0})));
}

BOOST_AUTO_TEST_CASE(a_hessian_is_that_of_the_formula_and_is_replayed) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {2.0, 3.0}));
  // y = (x0 x1)^2: rows 2 x1^2, 4 x0 x1 and 4 x0 x1, 2 x0^2.
  const Var h = hessian(square(prod(x)), x);
  BOOST_TEST((h.value() == Tensor(Shape{2, 2}, {18.0, 24.0, 24.0, 8.0})));
  Workspace<double> ws(Plan{h});
  ws.set(x, Tensor(Shape{2}, {1.0, 1.0}));
  ws.run();
  BOOST_TEST((ws.tensor(h) == Tensor(Shape{2, 2}, {2.0, 4.0, 4.0, 2.0})));
}

BOOST_AUTO_TEST_CASE(what_does_not_depend_is_zero_and_what_does_not_fit_is_told) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2})), y = tape.leaf(Tensor(Shape{3}));
  BOOST_TEST((jacobian(y, x).value() == Tensor(Shape{3, 2})));
  BOOST_TEST((jacobian(tape.leaf(Tensor(Shape{0})), x).shape() == Shape{0, 2}));
  BOOST_CHECK_THROW(static_cast<void>(hessian(square(x), x)), ShapeError);
  Tape other;
  BOOST_CHECK_THROW(static_cast<void>(jacobian(other.leaf(Tensor(2.0)), x)), StateError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
