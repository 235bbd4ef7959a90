// Sums of many small products that a plan computes as one. All numbers are small integers, so that
// every order of summation gives the same bits.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

/// Integers in [-4, 4], others for each seed.
Tensor integers(const Shape& shape, Index seed) {
  Tensor t(shape);
  Index state = seed;
  for (double& v : t.data<double>()) {
    state = (state * 31 + 7) % 1009;
    v = static_cast<double>(state % 9 - 4);
  }
  return t;
}

struct Products {
  Tape tape;
  Var w = tape.leaf(integers({4, 3}, 1)), s = tape.leaf(Tensor(2.0)), r = tape.leaf(Tensor(3.0));

  /// a^T b with so many rows, other numbers each time.
  Var operator()(Index rows) {
    const Var a = tape.leaf(integers({rows, 4}, ++seed_)),
              b = tape.leaf(integers({rows, 3}, ++seed_));
    return matmul(a, b, true, false);
  }
  /// w + s p_1 + s p_2 + ..., `terms` of them with `rows` each.
  Var sum_of(int terms, Index rows) {
    Var total = w;
    for (int t = 0; t < terms; ++t) total = total + s * (*this)(rows);
    return total;
  }

 private:
  Index seed_ = 1;
};

struct Formula {
  const char* name;
  std::vector<Var> (*record)(Products&);
  std::size_t steps;  // of a plan that collects what it can
};
std::ostream& operator<<(std::ostream& out, const Formula& f) { return out << f.name; }

const Formula formulas[] = {
    // Two stacks and a product.
    {"4 products of 2 rows", [](Products& p) { return std::vector{p.sum_of(4, 2)}; }, 3},
    {"9 products of other sizes",
     [](Products& p) {
       Var total = p.w;
       for (Index t = 0; t < 9; ++t) total = total + p.s * p(t % 3 + 1);
       return std::vector{total};
     },
     3},
    {"9 products of 64 rows: two groups of 256, one left",
     [](Products& p) { return std::vector{p.sum_of(9, 64)}; }, 7},
    {"the first product has no factor: it is what the others are added to",
     [](Products& p) {
       Var total = p(2);
       for (int t = 0; t < 4; ++t) total = total + p.s * p(2);
       return std::vector{total};
     },
     4},
    {"two sums",
     [](Products& p) {
       return std::vector{p.sum_of(4, 2), p.sum_of(5, 1)};
     },
     6},
    // What is left as it is.
    {"3 products", [](Products& p) { return std::vector{p.sum_of(3, 2)}; }, 3},
    {"5 products of 65 rows", [](Products& p) { return std::vector{p.sum_of(5, 65)}; }, 5},
    {"a sum between is an output",
     [](Products& p) {
       const Var half = p.sum_of(3, 2);
       return std::vector{half, half + p.s * p(2) + p.s * p(2) + p.s * p(2)};
     },
     6},
    {"a sum between is read",
     [](Products& p) {
       const Var half = p.sum_of(3, 2);
       return std::vector{(half + p.s * p(2) + p.s * p(2) + p.s * p(2)) * half};
     },
     7},
    {"another factor",
     [](Products& p) {
       Var total = p.sum_of(3, 2);
       for (int t = 0; t < 3; ++t) total = total + p.r * p(2);
       return std::vector{total};
     },
     6},
    {"subtracted",
     [](Products& p) {
       Var total = p.w;
       for (int t = 0; t < 5; ++t) total = total - p.s * p(2);
       return std::vector{total};
     },
     5},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_collect)

BOOST_DATA_TEST_CASE(products_of_few_rows_become_one, boost::unit_test::data::make(formulas), f) {
  Products p;
  const std::vector<Var> ys = f.record(p);
  const Plan plan(ys);
  BOOST_TEST(plan.step_count() == f.steps);
  Workspace<double> ws(plan);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ws.run();
    for (const Var y : ys) BOOST_TEST((ws.tensor(y) == y.value()));
  }
}

BOOST_AUTO_TEST_CASE(an_update_by_such_a_sum_takes_place_in_its_leaf) {
  Products p;
  const Var next = p.sum_of(6, 2), cost = sum(p.w);
  Workspace<double> ws(Plan({cost}, {.updates = {{p.w, next}}}));
  Tensor w = p.w.value();
  const Tensor moved = (next - p.w).value();
  for (int repeat = 0; repeat < 3; ++repeat) {
    ws.run();
    for (std::size_t i = 0; i < 12; ++i) w.data<double>()[i] += moved.data<double>()[i];
    BOOST_TEST((ws.tensor(p.w) == w));
  }
}

/// With relu and integers all gradients are integers, too.
BOOST_AUTO_TEST_CASE(the_gradient_of_a_recurrent_network_is_as_recorded) {
  Tape tape;
  const Var x = tape.leaf(integers({7, 2, 3}, 1)), h = tape.leaf(integers({2, 4}, 2));
  const RecurrentWeights w{tape.leaf(integers({4, 3}, 3)), tape.leaf(integers({4, 4}, 5))};
  const Var cost = sum(rnn(x, h, w, RecurrentActivation::relu).outputs);
  const std::vector<Var> g = grad(cost, {w.w_x, w.w_h, h});
  Workspace<double> ws{Plan(g)};
  ws.run();
  for (const Var v : g) BOOST_TEST((ws.tensor(v) == v.value()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
