#include "autodiff/ops/linalg/linalg.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::varied;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Var matrix(Tape& tape, const Shape& shape, std::initializer_list<double> v) {
  return tape.leaf(Tensor(shape, v));
}

/// Random values with 3 added on the diagonals.
Var regular(Tape& tape, const Shape& shape, unsigned seed) {
  const Var x = tape.leaf(varied(shape, seed));
  const Index n = std::min(shape[shape.rank() - 1], shape[shape.rank() - 2]);
  Tensor eye(shape);
  const Index step = shape[shape.rank() - 1];
  const Index size = shape[shape.rank() - 2] * step;
  for (Index b = 0; b < shape.size(); b += size) {
    for (Index i = 0; i < n; ++i) {
      eye.data<double>()[static_cast<std::size_t>(b + i * (step + 1))] = 3 + static_cast<double>(i);
    }
  }
  return x + tape.constant(eye);
}

double distance(Var a, Var b) { return max(abs(a - b)).item(); }
double distance(Var a, Shape shape, std::initializer_list<double> v) {
  return distance(a, a.tape().constant(Tensor(shape, v)));
}
Var identity(Tape& tape, Index n) { return diag(broadcast_to(tape.constant(1.0), Shape{n})); }
Var transposed(Var x) { return swap_axes(x, -1, -2); }

constexpr double rounding = 1e-14;  // of a dozen operations on matrices of condition below 10

}  // namespace

BOOST_AUTO_TEST_SUITE(linalg_suite)

BOOST_AUTO_TEST_CASE(inverse_and_determinant_by_hand) {
  Tape tape;
  const Var a = matrix(tape, {2, 2}, {1, 2, 3, 4});
  BOOST_TEST(distance(inverse(a), {2, 2}, {-2, 1, 1.5, -0.5}) < rounding);
  BOOST_TEST(std::abs(det(a).item() + 2) < rounding);
  BOOST_TEST(slogdet(a).sign.item() == -1);
  BOOST_TEST(std::abs(slogdet(a).logabsdet.item() - std::log(2.0)) < rounding);
  // d det / dA is the matrix of cofactors.
  BOOST_TEST(distance(grad(det(a), a), {2, 2}, {4, -3, -2, 1}) < rounding);
}

BOOST_AUTO_TEST_CASE(batches_and_empty_matrices) {
  Tape tape;
  const Var a = regular(tape, {2, 3, 4, 4}, 1);
  const Var eye = identity(tape, 4);
  BOOST_TEST(distance(matmul(a, inverse(a)), broadcast_to(eye, a.shape())) < rounding);
  const Var empty = tape.leaf(Tensor(Shape{2, 0, 0}));
  BOOST_TEST((det(empty).value() == Tensor(Shape{2}, {1.0, 1.0})));
  BOOST_TEST((slogdet(empty).logabsdet.value() == Tensor(Shape{2}, {0.0, 0.0})));
  BOOST_TEST((inverse(empty).shape() == empty.shape()));
}

BOOST_AUTO_TEST_CASE(slogdet_neither_overflows_nor_underflows) {
  Tape tape;
  const Var big = matrix(tape, {2, 2}, {1e200, 0, 0, 1e200});
  BOOST_TEST(slogdet(big).logabsdet.item() == 2 * std::log(1e200),
             boost::test_tools::tolerance(1e-15));
  const Var singular = matrix(tape, {2, 2}, {1, 2, 2, 4});
  BOOST_TEST(slogdet(singular).sign.item() == 0);
  BOOST_TEST(slogdet(singular).logabsdet.item() == -infinity);
  BOOST_TEST(det(singular).item() == 0);
}

BOOST_AUTO_TEST_CASE(singular_matrices_are_named) {
  Tape tape;
  // The rounded factorization of this one has no zero pivot, which is how others miss it.
  const Var a = matrix(tape, {3, 3}, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9});
  BOOST_CHECK_THROW(inverse(a), SingularMatrixError);
  BOOST_CHECK_THROW(solve(a, identity(tape, 3)), SingularMatrixError);
  BOOST_CHECK_THROW(static_cast<void>(grad(slogdet(a).logabsdet, a)), SingularMatrixError);
  BOOST_CHECK_THROW(solve_triangular(matrix(tape, {2, 2}, {1, 0, 1, 0}), identity(tape, 2)),
                    SingularMatrixError);
  // The derivative of a determinant needs no inverse: it is made of cofactors.
  BOOST_TEST(distance(grad(det(a), a), {3, 3}, {-.03, .06, -.03, .06, -.12, .06, -.03, .06, -.03}) <
             rounding);
  // Bad scaling alone is not singularity.
  const Var scaled = matrix(tape, {2, 2}, {1e-200, 0, 0, 1e200});
  BOOST_TEST((inverse(scaled).value() == Tensor(Shape{2, 2}, {1e200, 0.0, 0.0, 1e-200})));
}

BOOST_AUTO_TEST_CASE(nan_passes_through) {
  Tape tape;
  const Var a = matrix(tape, {2, 2}, {nan, 1, 1, 2});
  for (Var y : {inverse(a), det(a), cholesky(a), eigh(a).values, svd(a).s, qr(a).r, pinv(a),
                matrix_exp(a), solve(a, identity(tape, 2))}) {
    BOOST_TEST(std::isnan(sum(y).item()));
  }
}

BOOST_AUTO_TEST_CASE(solve_for_vectors_matrices_and_broadcast_batches) {
  Tape tape;
  const Var a = regular(tape, {3, 3}, 2);
  const Var v = tape.leaf(varied({3}, 3)), b = tape.leaf(varied({4, 3, 2}, 4));
  BOOST_TEST(distance(matmul(a, solve(a, v)), v) < rounding);
  BOOST_TEST((solve(a, b).shape() == Shape{4, 3, 2}));
  BOOST_TEST(distance(matmul(a, solve(a, b)), b) < rounding);
  const Var many = regular(tape, {4, 3, 3}, 5);
  BOOST_TEST((solve(many, v).shape() == Shape{4, 3}));
}

BOOST_AUTO_TEST_CASE(triangular_systems_read_one_triangle) {
  Tape tape;
  const Var a = matrix(tape, {2, 2}, {2, nan, 1, 4}), b = matrix(tape, {2}, {2, 9});
  BOOST_TEST(distance(solve_triangular(a, b), {2}, {1, 2}) == 0);
  BOOST_TEST(distance(solve_triangular(a, b, {.unit_diagonal = true}), {2}, {2, 7}) == 0);
  const Var u = transposed(a);
  BOOST_TEST(distance(solve_triangular(u, b, {.upper = true}), {2}, {-0.125, 2.25}) < rounding);
  BOOST_TEST(distance(solve_triangular(u, b, {.upper = true, .transpose = true}), {2}, {1, 2}) ==
             0);
}

BOOST_AUTO_TEST_CASE(cholesky_by_hand) {
  Tape tape;
  const Var a = matrix(tape, {2, 2}, {4, 2, 2, 5});
  BOOST_TEST(distance(cholesky(a), {2, 2}, {2, 0, 1, 2}) < rounding);
  BOOST_TEST(distance(cholesky(a, true), {2, 2}, {2, 1, 0, 2}) < rounding);
  // Only the symmetric part counts.
  const Var b = matrix(tape, {2, 2}, {4, 1, 3, 5});
  BOOST_TEST(distance(cholesky(b), cholesky(a)) < rounding);
  BOOST_CHECK_THROW(cholesky(matrix(tape, {2, 2}, {1, 2, 2, 1})), NotPositiveDefiniteError);
  BOOST_CHECK_THROW(cholesky(matrix(tape, {1, 1}, {0})), NotPositiveDefiniteError);
}

BOOST_AUTO_TEST_CASE(decompositions_compose_to_the_matrix) {
  Tape tape;
  for (const Shape& s : {Shape{3, 3}, Shape{5, 2}, Shape{2, 5}, Shape{2, 4, 3}, Shape{30, 20}}) {
    const Var a = tape.leaf(varied(s, 7));
    const auto [u, sv, vt] = svd(a);
    BOOST_TEST(distance(matmul(u * expand_dims(sv, -2), vt), a) < rounding);
    const auto [q, r] = qr(a);
    BOOST_TEST(distance(matmul(q, r), a) < rounding);
    BOOST_TEST(distance(r, triu(r)) == 0);
    BOOST_TEST(min(diagonal(r)).item() >= 0);
    BOOST_TEST(distance(matmul(matmul(a, pinv(a)), a), a) < rounding);
    BOOST_TEST(distance(pinv(a), transposed(pinv(transposed(a)))) < 10 * rounding);
  }
  const Var a = regular(tape, {2, 6, 6}, 8);
  const auto [w, v] = eigh(a);
  BOOST_TEST(distance(matmul(v * expand_dims(w, -2), transposed(v)), (a + transposed(a)) * 0.5) <
             10 * rounding);  // of a matrix of norm 9
}

BOOST_AUTO_TEST_CASE(signs_are_fixed) {
  Tape tape;
  const Var a = regular(tape, {4, 4}, 9);
  const auto same = [&](Var x, Var y) { return distance(x, y) < rounding; };
  BOOST_TEST(same(eigh(a).vectors, eigh(a * 2).vectors));
  BOOST_TEST(same(svd(a).u, svd(a * 3).u));
  BOOST_TEST(same(svd(-a).u, svd(a).u));
}

BOOST_AUTO_TEST_CASE(degenerate_spectra_are_named_where_they_matter) {
  Tape tape;
  const Var a = identity(tape, 3) * tape.leaf(Tensor(1.0));
  BOOST_TEST(distance(grad(sum(eigh(a).values), a), identity(tape, 3)) == 0);
  BOOST_TEST(distance(grad(sum(svd(a).s), a), identity(tape, 3)) == 0);
  const Var weights = matrix(tape, {3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  BOOST_CHECK_THROW(static_cast<void>(grad(sum(eigh(a).vectors * weights), a)),
                    DegenerateSpectrumError);
  BOOST_CHECK_THROW(static_cast<void>(grad(sum(svd(a).u * weights), a)), DegenerateSpectrumError);
  const Var thin = matrix(tape, {3, 2}, {1, 1, 1, 1, 1, 1});  // one singular value is zero
  BOOST_CHECK_THROW(static_cast<void>(grad(sum(square(svd(thin).u)), thin)),
                    DegenerateSpectrumError);
  BOOST_CHECK_THROW(static_cast<void>(grad(sum(qr(thin).q * slice(weights, 1, {0, 2})), thin)),
                    SingularMatrixError);
}

BOOST_AUTO_TEST_CASE(pinv_drops_small_singular_values) {
  Tape tape;
  const Var a = matrix(tape, {2, 2}, {2, 0, 0, 1e-3});
  BOOST_TEST(distance(pinv(a, 1e-2), {2, 2}, {0.5, 0, 0, 0}) < rounding);
  BOOST_TEST(distance(pinv(a), {2, 2}, {0.5, 0, 0, 1000}) < 1e-10);
  BOOST_TEST(distance(pinv(a * 0), {2, 2}, {0, 0, 0, 0}) == 0);
}

BOOST_AUTO_TEST_CASE(matrix_exponentials_in_closed_form) {
  Tape tape;
  const double t = 3;
  const Var rotation = matrix(tape, {2, 2}, {0, -t, t, 0});
  BOOST_TEST(distance(matrix_exp(rotation), {2, 2},
                      {std::cos(t), -std::sin(t), std::sin(t), std::cos(t)}) < rounding);
  const Var jordan = matrix(tape, {2, 2}, {1, 1, 0, 1});
  const double e = std::exp(1.0);
  BOOST_TEST(distance(matrix_exp(jordan), {2, 2}, {e, e, 0, e}) < rounding);
  BOOST_TEST(distance(matrix_exp(jordan * 0), identity(tape, 2)) == 0);
  const Var a = regular(tape, {5, 5}, 3);
  BOOST_TEST(distance(matmul(matrix_exp(a), matrix_exp(-a)), identity(tape, 5)) < 1e-10);
}

BOOST_AUTO_TEST_CASE(least_squares_satisfy_the_normal_equations) {
  Tape tape;
  const Var a = tape.leaf(varied({5, 3}, 5)), b = tape.leaf(varied({5}, 6));
  const Var x = lstsq(a, b);
  BOOST_TEST(max(abs(matmul(transposed(a), matmul(a, x) - b))).item() < rounding);
  const Var wide = tape.leaf(varied({2, 4}, 7)), c = tape.leaf(varied({2, 3}, 8));
  const Var y = lstsq(wide, c);
  BOOST_TEST(distance(matmul(wide, y), c) < rounding);
  BOOST_TEST(distance(y, matmul(pinv(wide), c)) < 10 * rounding);
}

BOOST_AUTO_TEST_CASE(analytic_ops_differentiate_by_a_complex_step) {
  Tape tape;
  const Var x = tape.leaf(varied({3, 3}, 21));
  const Var a = x + 3 * identity(tape, 3), b = tape.constant(varied({3, 2}, 22));
  for (Var y : {sum(square(inverse(a))), det(a), sum(square(solve(a, b))),
                sum(square(solve_triangular(a, b, {.transpose = true}))),
                sum(square(matrix_exp(a))), sum(square(tril(a, -1) + diag(diagonal(a, 1), 1)))}) {
    const Var g = grad(y, x);
    Workspace<Complex> ws{Plan({y})};
    for (std::size_t i = 0; i < 9; ++i) {
      const Complex at = ws.leaf(x)[i];
      ws.leaf(x)[i] = at + Complex(0, 1e-30);
      ws.run();
      const double slope = ws[y][0].imag() / 1e-30, size = max(abs(g)).item();
      BOOST_TEST(std::abs(slope - g.data<double>()[i]) <= 1e-13 * size);
      ws.leaf(x)[i] = at;
    }
  }
}

BOOST_AUTO_TEST_CASE(compositions_have_the_right_gradients) {
  Tape tape;
  const Var a = tape.leaf(varied({3, 3}, 11)), b = tape.leaf(varied({3}, 12));
  const Var wide = tape.leaf(varied({2, 3}, 13)), c = tape.leaf(varied({2, 2, 2}, 14));
  const std::array xs{a, b, wide, c};
  const Var shifted = a + 4 * identity(tape, 3);
  for (Var y : {lstsq(transposed(wide), b), lstsq(wide, c), solve(shifted, b),
                solve_triangular(shifted, matmul(transposed(wide), c)), eigh(shifted).values,
                svd(shifted).s, slogdet(shifted).logabsdet,
                cholesky(matmul(shifted, shifted, false, true), true)}) {
    const auto off = testing::gradient_errors(y, xs);
    BOOST_TEST(off.first < 1e-20);
    BOOST_TEST(off.second < 1e-20);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
