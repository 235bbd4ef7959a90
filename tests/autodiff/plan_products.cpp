// Products of matrices that a plan computes together with the sum that they are a term of.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <ostream>

#include "autodiff/grad.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

/// Matrices of which a b, c^T d^T and their like all fit x.
struct Operands {
  Tape tape;
  Var x = tape.leaf(draw({4, 3}, 1)), s = tape.leaf(Tensor(0.7));
  Var a = tape.leaf(draw({4, 5}, 2)), b = tape.leaf(draw({5, 3}, 3));
  Var c = tape.leaf(draw({5, 4}, 4)), d = tape.leaf(draw({3, 5}, 5));
  Var row = tape.leaf(draw({1, 3}, 6)), column = tape.leaf(draw({4, 1}, 7));
  Var v = tape.leaf(draw({3}, 8)), w = tape.leaf(draw({1}, 9)), m = tape.leaf(draw({3, 3}, 10));
  Var t = tape.leaf(draw({5, 2, 3}, 11));
};

struct Formula {
  const char* name;
  Var (*record)(const Operands&);
  std::size_t steps;  // of a plan that absorbs what it can
};

std::ostream& operator<<(std::ostream& out, const Formula& f) { return out << f.name; }

using O = Operands;
const Formula formulas[] = {
    {"x + a b", [](const O& o) { return o.x + matmul(o.a, o.b); }, 1},
    {"a b + x", [](const O& o) { return matmul(o.a, o.b) + o.x; }, 1},
    {"x - a b", [](const O& o) { return o.x - matmul(o.a, o.b); }, 1},
    {"x - s a b", [](const O& o) { return o.x - o.s * matmul(o.a, o.b); }, 1},
    {"x + a b s", [](const O& o) { return o.x + matmul(o.a, o.b) * o.s; }, 1},
    {"x + 2 a b", [](const O& o) { return o.x + 2 * matmul(o.a, o.b); }, 1},
    {"x - s c^T d^T", [](const O& o) { return o.x - o.s * matmul(o.c, o.d, true, true); }, 1},
    {"a b + c^T b", [](const O& o) { return matmul(o.a, o.b) + matmul(o.c, o.b, true, false); }, 2},
    {"x + a b + c^T b",
     [](const O& o) { return o.x + matmul(o.a, o.b) + matmul(o.c, o.b, true, false); }, 2},
    {"v + sum of rows", [](const O& o) { return o.v + sum(o.x, 0); }, 1},
    {"v - s sum of rows", [](const O& o) { return o.v - o.s * sum(o.x, 0); }, 1},
    {"v - s sum of planes",
     [](const O& o) {
       return o.v - o.s * sum(o.t, {0, 1});
     },
     1},
    {"v + sum of many rows",
     [](const O& o) {
       return o.v + sum(reshape(broadcast_to(o.t, {30, 5, 2, 3}), {300, 3}), 0);
     },
     2},
    {"w - s sum of a column", [](const O& o) { return o.w - o.s * sum(o.column, 0); }, 1},
    {"relu(a d^T + v)", [](const O& o) { return relu(affine(o.a, o.d, o.v)); }, 1},
    {"relu of three axes", [](const O& o) { return relu(affine(o.t, o.m, o.v)); }, 1},
    {"gradient of relu(a d^T + v)",
     [](const O& o) { return grad(sum(affine(relu(affine(o.a, o.d, o.v)), o.m, o.v)), {o.a})[0]; },
     3},
    {"gradient behind a reshape",
     [](const O& o) {
       const Var y = relu(affine(reshape(o.t, {5, 2, 3}), o.m, o.v));
       return grad(sum(affine(y, o.m, o.v)), {o.m})[0];
     },
     4},
    {"x + column row", [](const O& o) { return o.x + matmul(o.column, o.row); }, 1},
    // What must not be absorbed: the product stands on the wrong side, has another reader or
    // another shape.
    {"a b - x", [](const O& o) { return matmul(o.a, o.b) - o.x; }, 2},
    {"p + p for p = a b",
     [](const O& o) {
       const Var p = matmul(o.a, o.b);
       return p + p;
     },
     2},
    {"(x + p) p",
     [](const O& o) {
       const Var p = matmul(o.a, o.b);
       return (o.x + p) * p;
     },
     2},
    {"(x + p) times p under another shape",
     [](const O& o) {
       const Var p = matmul(o.a, o.b);
       return reshape(o.x + p, {3, 4}) * reshape(p, {3, 4});
     },
     3},
    {"v + sum of columns", [](const O& o) { return o.v + sum(o.m, 1); }, 2},
    {"v + sum with its axis kept", [](const O& o) { return o.v + sum(o.x, {0}, true); }, 2},
    {"relu(p) p for p = a d^T + v",
     [](const O& o) {
       const Var p = affine(o.a, o.d, o.v);
       return relu(p) * p;
     },
     2},
    {"row + a b", [](const O& o) { return o.row + matmul(o.a, o.b); }, 2},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_products)

BOOST_DATA_TEST_CASE(a_product_is_added_where_it_is_computed,
                     boost::unit_test::data::make(formulas), f) {
  Operands o;
  const Var y = f.record(o);
  const Plan plan({y});
  BOOST_TEST(plan.step_count() == f.steps);
  Workspace<double> ws(plan);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ws.run();
    BOOST_TEST((ws.tensor(y) == y.value()));
  }
}

BOOST_AUTO_TEST_CASE(an_update_takes_place_in_its_leaf) {
  Operands o;
  const Var cost = sum(o.x), next = o.x - o.s * matmul(o.a, o.b);
  Workspace<double> ws(Plan({cost}, {.updates = {{o.x, next}}}));
  // x, s, a, b and the cost, each on lines of 16 elements: nothing for the product.
  BOOST_TEST(ws.plan().memory_elements() <= 16 + 16 + 32 + 16 + 16);
  Tensor x = o.x.value();
  const Tensor step = (o.s * matmul(o.a, o.b)).value();
  for (int repeat = 0; repeat < 3; ++repeat) {
    ws.run();
    for (std::size_t i = 0; i < 12; ++i) x.data<double>()[i] -= step.data<double>()[i];
    BOOST_TEST((ws.tensor(o.x) == x));
  }
}

/// A leaf that the product itself reads, or that somebody reads later, must not be written early.
BOOST_AUTO_TEST_CASE(an_update_waits_for_the_last_reader_of_its_leaf) {
  Tape tape;
  const Var w = tape.leaf(draw({4, 4}, 8)), v = tape.leaf(draw({4, 4}, 9));
  const Var next = w + matmul(w, v), after = matmul(next, w);
  Workspace<double> ws(Plan({after}, {.updates = {{w, next}}}));
  Tensor now = w.value();
  for (int repeat = 0; repeat < 3; ++repeat) {
    Tape plain;
    const Var u = plain.leaf(now), u_next = u + matmul(u, plain.leaf(v.value()));
    ws.run();
    BOOST_TEST((ws.tensor(after) == matmul(u_next, u).value()));
    BOOST_TEST((ws.tensor(w) == u_next.value()));
    now = u_next.value();
  }
}

/// Of a large product BLAS rounds factor * sum and the addition at once, and blocks of k are added
/// to x one by one: off from separate ops by (k + 3) eps times the sum of magnitudes, at most.
BOOST_AUTO_TEST_CASE(a_large_product_agrees_to_its_rounding) {
  constexpr Index m = 40, n = 50, k = 900;
  Tape tape;
  const Var x = tape.leaf(draw({m, n}, 10)), a = tape.leaf(draw({m, k}, 11)),
            b = tape.leaf(draw({k, n}, 12));
  const Var y = x - 0.3 * matmul(a, b);
  const Var magnitude = abs(x) + 0.3 * matmul(abs(a), abs(b));
  const Plan plan({y});
  BOOST_TEST(plan.step_count() == 1U);
  Workspace<double> ws(plan);
  ws.run();
  constexpr double eps = std::numeric_limits<double>::epsilon() / 2;
  double worst = 0;
  for (std::size_t i = 0; i < m * n; ++i) {
    const double error = std::abs(ws[y][i] - y.data<double>()[i]);
    worst = std::max(worst, error / (eps * magnitude.data<double>()[i]));
  }
  BOOST_TEST(worst <= k + 3);
}

/// As by separate ops: 0 times infinity is NaN, of small products and of large ones.
BOOST_DATA_TEST_CASE(a_factor_of_zero_hides_nothing, boost::unit_test::data::make({10, 400}), n) {
  Tape tape;
  Tensor infinite = draw({n, n}, 1);
  infinite.data<double>()[0] = std::numeric_limits<double>::infinity();
  const Var x = tape.leaf(draw({n, 50}, 2)), a = tape.leaf(infinite),
            b = tape.leaf(draw({n, 50}, 3));
  const Var y = x - tape.leaf(Tensor(0.0)) * matmul(a, b);
  const Plan plan({y});
  BOOST_TEST(plan.step_count() == 1U);
  Workspace<double> ws(plan);
  ws.run();
  for (std::size_t i = 0; i < ws[y].size(); ++i) {
    if (std::isnan(ws[y][i]) != (i < 50)) BOOST_ERROR("element " << i << " is " << ws[y][i]);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
