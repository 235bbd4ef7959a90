// Ops that came from PyTorch over nothing, over one element, and at values that a rule may trip
// over.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/lu.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/svd_full.hpp"
#include "autodiff/ops/loss/ctc.hpp"
#include "autodiff/ops/loss/distance.hpp"
#include "autodiff/ops/loss/losses_margin.hpp"
#include "autodiff/ops/network/embedding_bag.hpp"
#include "autodiff/ops/reduction/quantile.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "autodiff/ops/spatial/grid_sample.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Fixture {
  Tape tape;
  Var zeros(Shape s) { return tape.leaf(Tensor(s)); }
  Var numbers(Shape s, std::initializer_list<double> v) { return tape.leaf(Tensor(s, v)); }
  Var indices(Shape s, std::initializer_list<Index> v = {}) { return tape.leaf(Tensor(s, v)); }
};

bool holds(Var v, const Shape& s, std::initializer_list<double> values) {
  return v.value() == Tensor(s, values);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pytorch_empty_suite, Fixture)

BOOST_AUTO_TEST_CASE(reductions_by_no_index) {
  const Var x = numbers({2}, {2, 3}), at = indices({0}), u = zeros({0});
  for (const Reduce how : {Reduce::sum, Reduce::prod, Reduce::mean, Reduce::amax, Reduce::amin}) {
    for (const bool self : {false, true}) {
      const Var y = scatter_reduce(x, at, u, 0, how, self);
      BOOST_TEST(holds(y, {2}, {2, 3}));
      const std::vector<Var> g = grad(sum(square(y)), {x, u});
      BOOST_TEST(holds(g[0], {2}, {4, 6}));
      BOOST_TEST((g[1].shape() == Shape{0}));
    }
  }
}

BOOST_AUTO_TEST_CASE(indices_that_change_between_runs) {
  const Var x = numbers({3}, {1, 1, 1}), at = indices({2}, {0, 0}), u = numbers({2}, {3, 5});
  const Var y = scatter_reduce(x, at, u, 0, Reduce::prod), g = grad(sum(square(y)), u);
  Workspace<double> ws{Plan({y, g})};
  ws.index_leaf(at)[1] = -1;
  ws.run();
  BOOST_TEST((ws.tensor(y) == Tensor(Shape{3}, {3., 1., 5.})));
  BOOST_TEST((ws.tensor(g) == Tensor(Shape{2}, {6., 10.})));
  ws.index_leaf(at)[0] = 7;
  BOOST_CHECK_THROW(ws.run(), ValueError);
}

BOOST_AUTO_TEST_CASE(targets_of_no_label) {
  const Var z = numbers({2, 1, 2}, {std::log(0.5), std::log(0.5), std::log(0.25), std::log(0.75)});
  const Var loss = ctc_loss(z, indices({1, 0}), indices({1}, {2}), indices({1}, {0}));
  BOOST_TEST(std::abs(loss.item() + std::log(0.125)) <= 0x1p-50);
  BOOST_TEST(holds(grad(loss, z), {2, 1, 2}, {-1, 0, -1, 0}));
}

BOOST_AUTO_TEST_CASE(factorizations_of_nothing) {
  for (const Shape& s : {Shape{0, 0}, Shape{3, 0}, Shape{0, 3}, Shape{2, 0, 0}}) {
    const Var a = zeros(s);
    const Lu f = lu(a);
    const LuFactors parts = lu_factors(f);
    const Index k = std::min(s[s.rank() - 2], s[s.rank() - 1]);
    BOOST_TEST(parts.l.shape()[s.rank() - 1] == k);
    BOOST_TEST(parts.u.shape()[s.rank() - 2] == k);
    BOOST_TEST((grad(sum(f.lu), a).shape() == s));
  }
  const Svd d = svd_full(zeros({3, 0}));
  BOOST_TEST(std::abs(std::abs(det(d.u).item()) - 1) <= 0x1p-50);
  BOOST_TEST((d.vt.shape() == Shape{0, 0}));
}

BOOST_AUTO_TEST_CASE(large_matrices_of_zeros) {
  const Var a = zeros({20, 18});
  BOOST_TEST(sum(abs(pinv(a))).item() == 0);
  BOOST_TEST(sum(svd(a).s).item() == 0);
  // U and V are orthonormal all the same.
  BOOST_TEST(std::abs(sum(square(svd_full(a).u)).item() - 20) <= 1e-13);
}

BOOST_AUTO_TEST_CASE(singular_factors) {
  const Var a = numbers({2, 2}, {0, 0, 0, 5});
  const LuFactors f = lu_factors(lu(a));
  BOOST_TEST(holds(f.l, {2, 2}, {1, 0, 0, 1}));
  BOOST_TEST(holds(f.u, {2, 2}, {0, 0, 0, 5}));
}

BOOST_AUTO_TEST_CASE(ranks_of_nan_and_infinity) {
  const double nan = std::nan("");
  const Var x = numbers({4}, {nan, infinity, -infinity, 1});
  BOOST_TEST(std::isnan(median_along(x).values.item()));
  BOOST_TEST(nanmedian(x).item() == 1);
  BOOST_TEST(kthvalue(x, 4).indices.data<Index>()[0] == 0);
  BOOST_TEST(std::isnan(quantile(x, 0.0).item()));
  BOOST_TEST(std::isnan(nanmedian(numbers({2}, {nan, nan})).item()));
  const Var same = numbers({3}, {infinity, infinity, 2});
  BOOST_TEST(quantile(same, 0.75).item() == infinity);
  BOOST_TEST(quantile(same, 1.0).item() == infinity);
  BOOST_TEST(std::isnan(nanmean(numbers({1}, {nan})).item()));
  BOOST_TEST(nansum(numbers({1}, {nan})).item() == 0);
}

BOOST_AUTO_TEST_CASE(distances_of_nothing) {
  for (const double p : {0.0, 1.0, 2.0, infinity}) {
    BOOST_TEST((cdist(zeros({0, 3}), zeros({2, 3}), p).shape() == Shape{0, 2}));
    BOOST_TEST(holds(cdist(zeros({1, 0}), zeros({2, 0}), p), {1, 2}, {0, 0}));
    BOOST_TEST((pdist(zeros({1, 3}), p).shape() == Shape{0}));
    BOOST_TEST((pdist(zeros({0, 3}), p).shape() == Shape{0}));
  }
  const Var x = numbers({2, 2}, {1, 2, 1, 2});  // twice the same point
  BOOST_TEST(holds(grad(sum(pdist(x)), x), {2, 2}, {0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(examples_that_are_none) {
  BOOST_TEST((multi_margin(zeros({0, 3}), indices({0})).shape() == Shape{0}));
  BOOST_TEST((multilabel_margin(zeros({0, 3}), indices({0, 3})).shape() == Shape{0}));
  BOOST_TEST((embedding_bag(zeros({4, 2}), indices({3, 0})).shape() == Shape{3, 2}));
  BOOST_TEST(holds(embedding_bag(zeros({4, 1}), indices({0}), indices({2}, {0, 0}), Bag::max),
                   {2, 1}, {0, 0}));
  BOOST_TEST((grid_sample(zeros({0, 2, 3, 3}), zeros({0, 1, 1, 2})).shape() == Shape{0, 2, 1, 1}));
}

BOOST_AUTO_TEST_CASE(points_far_outside) {
  const Var x = numbers({1, 1, 2, 2}, {1, 2, 3, infinity});
  const Var far = numbers({1, 1, 3, 2}, {infinity, 0, -1e300, 1e300, std::nan(""), 0});
  const Var y = grid_sample(x, far);
  BOOST_TEST(y.data<double>()[0] == 0);
  BOOST_TEST(y.data<double>()[1] == 0);
  BOOST_TEST(std::isnan(y.data<double>()[2]));
  // An infinite element counts for nothing where it has no weight.
  const Var corner = numbers({1, 1, 1, 2}, {-1, -1});
  BOOST_TEST(grid_sample(x, corner, {.align_corners = true}).item() == 1);
}

BOOST_AUTO_TEST_CASE(transforms_of_one_element_and_of_many) {
  const ComplexPair one = fft({numbers({1}, {3}), numbers({1}, {4})});
  BOOST_TEST(one.real.item() == 3);
  BOOST_TEST(one.imaginary.item() == 4);
  Tensor wave(Shape{101});  // a prime
  for (Index i = 0; i < 101; ++i) wave.data<double>()[static_cast<std::size_t>(i)] = i == 1 ? 1 : 0;
  const Var x = tape.leaf(wave);
  const ComplexPair y = rfft(x);
  BOOST_TEST(max(abs(square(y.real) + square(y.imaginary) - 1)).item() <= 1e-14);
  BOOST_TEST(max(abs(irfft(y, 101) - x)).item() <= 1e-14);
}

BOOST_AUTO_TEST_CASE(bounds_that_are_numbers_and_values) {
  const Var x = numbers({3}, {-2, 0.5, 3}), low = numbers({3}, {-1, -1, -1});
  BOOST_TEST(holds(clamp(x, low, 2), {3}, {-1, 0.5, 2}));
  BOOST_TEST(holds(clamp(x, 0, low), {3}, {-1, -1, -1}));
  BOOST_TEST(holds(clamp(x, -1, 1), {3}, {-1, 0.5, 1}));
  const double nan = std::nan("");
  const Var unknown = clamp(numbers({2}, {nan, 1}), numbers({2}, {0, nan}), 2);
  BOOST_TEST(std::isnan(unknown.data<double>()[0]));
  BOOST_TEST(std::isnan(unknown.data<double>()[1]));
}

BOOST_AUTO_TEST_CASE(a_transpose_that_a_product_reads_as_it_stands) {
  const Var a = numbers({3, 2}, {1, 2, 3, 4, 5, 6}), b = numbers({3, 1}, {1, 10, 100});
  const Var product = matmul(transpose(a), b);
  BOOST_TEST(holds(product, {2, 1}, {531, 642}));
  BOOST_TEST(Plan({product}).op_count() == 1U);
  BOOST_TEST(holds(grad(sum(square(product)), b), {3, 1}, {3630, 8322, 13014}));
  // and an exchange of axes that moves nothing is no copy
  const Var row = numbers({1, 3}, {1, 2, 3});
  BOOST_TEST(holds(transpose(row), {3, 1}, {1, 2, 3}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
