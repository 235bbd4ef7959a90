// First and second derivatives of what is composed of other ops, against differences in quad, and
// what has no value to be compared with: bases, large decompositions, empty bags.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/lu.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/svd_full.hpp"
#include "autodiff/ops/loss/ctc.hpp"
#include "autodiff/ops/loss/distance.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_margin.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/embedding_bag.hpp"
#include "autodiff/ops/reduction/quantile.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/grid_sample.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;
using testing::varied;

Var indices(Tape& tape, const Shape& shape, std::initializer_list<Index> values) {
  return tape.constant(Tensor(shape, values));
}

struct Composed {
  std::string name;
  std::vector<Shape> operands;
  std::function<Var(Tape&, const std::vector<Var>&)> f;
  friend std::ostream& operator<<(std::ostream& out, const Composed& c) { return out << c.name; }
};

using V = const std::vector<Var>&;

const std::vector<Composed> compositions{
    {"scatter_reduce prod",
     {{3, 2}, {4, 2}},
     [](Tape& t, V v) {
       const Var at = indices(t, {4, 2}, {0, 2, 0, 1, 2, -1, 1, 0});
       return scatter_reduce(v[0], at, v[1], 0, Reduce::prod);
     }},
    {"scatter_reduce prod with zeros",
     {{2}, {4}},
     [](Tape& t, V v) {
       const Tensor kept(Shape{4}, {0., 1., 0., 1.});
       return scatter_reduce(v[0], indices(t, {4}, {0, 0, 0, 1}), v[1] * t.constant(kept), 0,
                             Reduce::prod, false);
     }},
    {"scatter_reduce mean",
     {{3}, {4}},
     [](Tape& t, V v) {
       return square(scatter_reduce(v[0], indices(t, {4}, {2, 2, 0, 2}), v[1], 0, Reduce::mean));
     }},
    {"index_reduce amax",
     {{3, 2}, {4, 2}},
     [](Tape& t, V v) {
       return square(index_reduce(v[0], indices(t, {4}, {2, 2, 0, 2}), v[1], 0, Reduce::amax));
     }},
    {"ctc_loss",
     {{5, 2, 3}},
     [](Tape& t, V v) {
       return ctc_loss(log_softmax(v[0]), indices(t, {2, 2}, {1, 1, 2, 0}), indices(t, {2}, {5, 4}),
                       indices(t, {2}, {2, 1}));
     }},
    {"weighted binary cross-entropy",
     {{2, 3}, {2, 3}, {3}},
     [](Tape&, V v) { return binary_cross_entropy_with_logits(v[0], v[1], v[2]); }},
    {"kl_div_of_logs", {{2, 3}, {2, 3}}, [](Tape&, V v) { return kl_div_of_logs(v[0], v[1]); }},
    {"solve_right",
     {{2, 2}, {3, 2}},
     [](Tape& t, V v) {
       const Tensor dominant(Shape{2, 2}, {3., 0., 0., -3.});
       return solve_right(v[0] + t.constant(dominant), v[1]);
     }},
    {"lu_solve",
     {{2, 2}, {2, 3}},
     [](Tape& t, V v) {
       const Tensor turned(Shape{2, 2}, {0., 3., -3., 0.});
       return lu_solve(lu(v[0] + t.constant(turned)), v[1]);
     }},
    {"svd_full",
     {{4, 2}},
     [](Tape&, V v) {
       const Svd d = svd_full(v[0]);
       return matmul(d.u * d.u, d.u);
     }},
    {"quantile", {{5, 2}}, [](Tape&, V v) { return square(quantile(v[0], 0.3, 0)); }},
    {"cdist", {{3, 2}, {2, 2}}, [](Tape&, V v) { return cdist(v[0], v[1]); }},
    {"pdist", {{4, 3}}, [](Tape&, V v) { return pdist(v[0], 3); }},
    {"multi_margin",
     {{2, 4}},
     [](Tape& t, V v) {
       return multi_margin(v[0], indices(t, {2}, {3, 0}), 2);
     }},
    {"multilabel_soft_margin",
     {{2, 3}, {2, 3}},
     [](Tape&, V v) { return multilabel_soft_margin(v[0], v[1]); }},
    {"grid_sample",
     {{1, 2, 3, 4}, {1, 2, 2, 2}},
     [](Tape&, V v) { return grid_sample(v[0], v[1]); }},
    {"grid_sample by reflection",
     {{1, 1, 3, 4}, {1, 2, 2, 2}},
     [](Tape&, V v) {
       return grid_sample(v[0], 2 * v[1], {.padding = GridSampleOptions::Padding::reflection});
     }},
    {"embedding_bag of weights",
     {{4, 2}, {5}},
     [](Tape& t, V v) {
       return weighted_embedding_bag(v[0], indices(t, {5}, {1, 3, 1, 0, 2}),
                                     indices(t, {3}, {0, 2, 2}), v[1]);
     }},
    {"rfft",
     {{2, 6}},
     [](Tape&, V v) {
       const ComplexPair y = rfft(v[0]);
       return square(y.real) + square(y.imaginary);
     }},
    {"irfft",
     {{5}, {5}},
     [](Tape&, V v) {
       return square(irfft({v[0], v[1]}, 9));
     }},
    {"attention weights",
     {{2, 3}, {4, 3}, {4, 2}},
     [](Tape&, V v) { return attend(v[0], v[1], v[2], {.causal = true}).weights; }},
};

/// The largest deviation of a b from c.
double apart(Var a, Var b, Var c) { return max(abs(matmul(a, b) - c)).item(); }

Var identity(Tape& tape, Index n) {
  Tensor one(Shape{n, n});
  for (Index i = 0; i < n; ++i) one.data<double>()[static_cast<std::size_t>(i * (n + 1))] = 1;
  return tape.constant(one);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compositions_suite)

// Differences of order eight in quad are good to 1e-24 and better; of a rule that is wrong in one
// element the error is of the order of 1.
BOOST_DATA_TEST_CASE(first_and_second_derivatives, data::make(compositions), c) {
  Tape tape;
  std::vector<Var> leaves;
  unsigned seed = 3;
  for (const Shape& s : c.operands) leaves.push_back(tape.leaf(varied(s, seed++)));
  const auto errors = testing::gradient_errors(c.f(tape, leaves), leaves);
  BOOST_TEST(errors.first <= 1e-20);
  BOOST_TEST(errors.second <= 1e-20);
}

// A derivative that stops on its way is what the test above must see.
BOOST_AUTO_TEST_CASE(a_wrong_derivative_is_seen) {
  Tape tape;
  const std::vector<Var> leaves{tape.leaf(varied({4}, 1))};
  const Var y = quantile(leaves[0], 0.3) * leaves[0];
  BOOST_TEST(testing::gradient_errors(y, leaves).first <= 1e-20);
  const Var stopped = stop_gradient(quantile(leaves[0], 0.3)) * leaves[0];
  BOOST_TEST(testing::gradient_errors(stopped, leaves).first >= 1e-3);
}

BOOST_AUTO_TEST_CASE(all_columns_of_a_decomposition) {
  for (const Shape& s : {Shape{5, 2}, Shape{2, 5}, Shape{3, 3}, Shape{20, 23}, Shape{4, 1}}) {
    Tape tape;
    const Var a = tape.leaf(varied(s, 5));
    const Svd d = svd_full(a), thin = svd(a);
    const Index k = std::min(s[0], s[1]);
    // Some tens of roundings of numbers below one.
    BOOST_TEST(apart(d.u, transpose(d.u), identity(tape, s[0])) <= 1e-14);
    BOOST_TEST(apart(d.vt, transpose(d.vt), identity(tape, s[1])) <= 1e-14);
    BOOST_TEST((slice(d.u, -1, {0, k}).value() == thin.u.value()));
    BOOST_TEST((slice(d.vt, -2, {0, k}).value() == thin.vt.value()));
  }
}

// What LAPACK computes in double and float, beside what Eigen computes in quad.
BOOST_AUTO_TEST_CASE(large_decompositions_in_every_scalar) {
  for (const Shape& s : {Shape{24, 19}, Shape{17, 40}, Shape{64, 64}}) {
    Tape tape;
    const Var a = tape.leaf(varied(s, 9));
    const Svd d = svd(a);
    const std::vector<Var> results{d.s, pinv(a), abs(d.u), abs(d.vt)};
    Workspace<Quad> exact{Plan(results)};
    Workspace<float> single{Plan(results)};
    exact.run();
    single.run();
    for (std::size_t r = 0; r < results.size(); ++r) {
      const auto wide = exact[results[r]];
      const auto narrow = single[results[r]];
      const auto mine = results[r].data<double>();
      for (std::size_t i = 0; i < mine.size(); ++i) {
        const double truth = static_cast<double>(wide[i]);
        // By the condition of the values and the distance of the vectors', both below 1e4 here.
        BOOST_REQUIRE_SMALL(mine[i] - truth, 1e4 * 0x1p-52);
        BOOST_REQUIRE_SMALL(static_cast<double>(narrow[i]) - truth, 1e4 * 0x1p-23);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(decompositions_of_what_is_not_finite) {
  Tape tape;
  Tensor t = varied({20, 20}, 3);
  t.data<double>()[7] = std::numeric_limits<double>::quiet_NaN();
  const Var a = tape.leaf(t);
  BOOST_TEST(std::isnan(sum(svd(a).s).item()));
  BOOST_TEST(std::isnan(sum(pinv(a)).item()));
}

BOOST_AUTO_TEST_CASE(a_target_that_cannot_be_read) {
  Tape tape;
  const Var z = tape.leaf(varied({2, 1, 3}, 2));
  const Var loss = ctc_loss(log_softmax(z), indices(tape, {1, 3}, {1, 2, 1}),
                            indices(tape, {1}, {2}), indices(tape, {1}, {3}));
  BOOST_TEST(loss.item() == std::numeric_limits<double>::infinity());
  BOOST_TEST(sum(abs(grad(loss, z))).item() == 0);
}

// In one place NaN and an infinite product are none of the others' business.
BOOST_AUTO_TEST_CASE(places_do_not_meet) {
  Tape tape;
  const double infinity = std::numeric_limits<double>::infinity();
  const Var x = tape.leaf(Tensor(Shape{3}, {2., 3., 4.}));
  const Var u = tape.leaf(Tensor(Shape{4}, {infinity, std::nan(""), 5., 6.}));
  const Var y = scatter_reduce(x, indices(tape, {4}, {0, 1, 2, 2}), u, 0, Reduce::prod);
  const auto found = y.data<double>();
  BOOST_TEST(found[0] == infinity);
  BOOST_TEST(std::isnan(found[1]));
  BOOST_TEST(found[2] == 120);
  const Var g = grad(sum(y), u);
  BOOST_TEST(g.data<double>()[2] == 24);
  BOOST_TEST(g.data<double>()[3] == 20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
