// Decompositions around the size from which LAPACK computes them, in float and in double.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/kernels/lapack.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::varied;
namespace data = boost::unit_test::data;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const std::vector<int> bits{32, 64};
DType of_bits(int n) { return n == 32 ? DType::float32 : DType::float64; }
const std::vector<Index> eigh_sizes{detail::lapack_eigh_from - 1, detail::lapack_eigh_from, 90};
constexpr Index k = detail::lapack_qr_from;
const std::vector<Shape> qr_shapes{{k - 1, k - 1}, {k, k}, {k + 30, k}, {k, k + 30}, {2, k, k}};

double distance(Var a, Var b) { return max(abs(a - b)).item(); }
Var identity(Tape& tape, Index n) { return diag(broadcast_to(tape.constant(1.0), Shape{n})); }
Var transposed(Var x) { return swap_axes(x, -1, -2); }

/// Both algorithms are backward stable: they decompose A + E with |E| <= p(n) u |A|, and vectors
/// are orthogonal to p(n) u. p(n) = n is generous for random matrices; here |A| < n.
double tolerance(DType dtype, Index n) {
  const double u = dtype == DType::float32 ? 0x1p-24 : 0x1p-53;
  return static_cast<double>(n * n) * u;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(linalg_large)

BOOST_DATA_TEST_CASE(eigenvectors_are_those_of_the_matrix,
                     data::make(eigh_sizes) * data::make(bits), n, width) {
  const DType dtype = of_bits(width);
  Tape tape(dtype);
  const Var x = tape.leaf(varied({n, n}, 3)), a = (x + transposed(x)) * 0.5;
  const auto [w, v] = eigh(x);
  const double allowed = tolerance(dtype, n);
  BOOST_TEST(distance(matmul(a, v), v * expand_dims(w, 0)) < allowed);
  BOOST_TEST(distance(matmul(v, v, true, false), identity(tape, n)) < allowed);
  const auto values = w.value().to(DType::float64);
  BOOST_TEST(std::ranges::is_sorted(values.data<double>()));
  // The element of largest size of each is positive.
  BOOST_TEST(distance(max(v, 0), max(abs(v), 0)) == 0);
  // The trace.
  BOOST_TEST(distance(grad(sum(w), x), identity(tape, n)) < allowed);
}

BOOST_DATA_TEST_CASE(q_and_r_are_factors_of_the_matrix,
                     data::xrange(qr_shapes.size()) * data::make(bits), which, width) {
  const Shape& shape = qr_shapes[which];
  const DType dtype = of_bits(width);
  Tape tape(dtype);
  const Var a = tape.leaf(varied(shape, 4));
  const auto [q, r] = qr(a);
  const double allowed = tolerance(dtype, std::max(shape[shape.rank() - 1], shape[0]));
  BOOST_TEST(distance(matmul(q, r), a) < allowed);
  BOOST_TEST(distance(matmul(q, q, true, false), identity(tape, r.shape()[r.rank() - 2])) <
             allowed);
  BOOST_TEST(distance(r, triu(r)) == 0);
  BOOST_TEST(min(diagonal(r)).item() >= 0);
  // The norm of A is that of R.
  BOOST_TEST(distance(sum(square(r)), sum(square(a))) < allowed * static_cast<double>(a.size()));
}

BOOST_DATA_TEST_CASE(what_is_not_finite_is_said, data::make(bits), width) {
  Tape tape(of_bits(width));
  const Index n = std::max(detail::lapack_eigh_from, detail::lapack_qr_from) + 2;
  Tensor t = varied({n, n}, 5);
  t.data<double>()[7] = nan;
  const Var a = tape.leaf(t);
  BOOST_TEST(std::isnan(sum(eigh(a).values).item()));
  BOOST_TEST(std::isnan(sum(qr(a).r).item()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
