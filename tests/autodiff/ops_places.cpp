#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/sort.hpp"
#include "autodiff/ops/shape/update.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Var indices(Tape& tape, const Shape& shape, std::initializer_list<Index> values) {
  return tape.leaf(Tensor(shape, values));
}
Var values(Tape& tape, const Shape& shape, std::initializer_list<double> v) {
  return tape.leaf(Tensor(shape, v));
}
bool holds(Var x, const Shape& shape, std::initializer_list<double> v) {
  return x.value() == Tensor(shape, v);
}
bool holds_indices(Var x, const Shape& shape, std::initializer_list<Index> v) {
  return x.value() == Tensor(shape, v);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(places_suite)

BOOST_AUTO_TEST_CASE(along_an_axis) {
  Tape tape;
  const Var x = values(tape, {2, 3}, {1, 2, 3, 4, 5, 6});
  const Var at = indices(tape, {2, 2}, {2, 0, -1, 1});
  BOOST_TEST(holds(take_along_axis(x, at, 1), {2, 2}, {3, 1, 6, 5}));
  BOOST_TEST(holds(take_along_axis(x, indices(tape, {1, 3}, {1, 0, 1}), 0), {1, 3}, {4, 2, 6}));
  const Var u = values(tape, {2, 2}, {10, 20, 30, 40});
  BOOST_TEST(holds(put_along_axis(x, at, u, 1), {2, 3}, {20, 2, 10, 4, 40, 30}));
  BOOST_TEST(holds(scatter_add_along_axis(x, at, u, 1), {2, 3}, {21, 2, 13, 4, 45, 36}));
}

BOOST_AUTO_TEST_CASE(of_updates_in_one_place_the_last_stays_and_all_add_up) {
  Tape tape;
  const Var x = values(tape, {2}, {1, 2});
  const Var at = indices(tape, {3}, {0, 0, 0}), u = values(tape, {3}, {10, 20, 30});
  const Var put = put_along_axis(x, at, u, 0);
  BOOST_TEST(holds(put, {2}, {30, 2}));
  BOOST_TEST(holds(scatter_add_along_axis(x, at, u, 0), {2}, {61, 2}));
  const auto g = grad(sum(put * put), {x, u});
  BOOST_TEST(holds(g[0], {2}, {0, 4}));
  BOOST_TEST(holds(g[1], {3}, {0, 0, 60}));
}

BOOST_AUTO_TEST_CASE(tuples_of_indices_as_onnx) {
  Tape tape;
  // The examples of the ONNX operator GatherND.
  const Var m = values(tape, {2, 2}, {0, 1, 2, 3});
  BOOST_TEST(holds(gather_nd(m, indices(tape, {2, 2}, {0, 0, 1, 1})), {2}, {0, 3}));
  BOOST_TEST(holds(gather_nd(m, indices(tape, {2, 1}, {1, 0})), {2, 2}, {2, 3, 0, 1}));
  const Var t = values(tape, {2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  BOOST_TEST(holds(gather_nd(t, indices(tape, {2, 2}, {0, 1, 1, 0})), {2, 2}, {2, 3, 4, 5}));
  BOOST_TEST(holds(gather_nd(t, indices(tape, {2, 1}, {1, 0}), 1), {2, 2}, {2, 3, 4, 5}));
  // And of ScatterND.
  const Var x = values(tape, {8}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Var at = indices(tape, {4, 1}, {4, 3, 1, 7}), u = values(tape, {4}, {9, 10, 11, 12});
  BOOST_TEST(holds(scatter_nd(x, at, u), {8}, {1, 11, 3, 10, 9, 6, 7, 12}));
  BOOST_TEST(holds(scatter_nd_add(x, at, u), {8}, {1, 13, 3, 14, 14, 6, 7, 20}));
}

BOOST_AUTO_TEST_CASE(scatter_is_the_adjoint_of_gather) {
  Tape tape;
  const Var x = tape.leaf(testing::varied({4, 3}, 1)), c = tape.leaf(testing::varied({5, 2}, 2));
  const Var at = indices(tape, {5, 2}, {0, 3, 3, 1, 2, 2, -1, 0, 1, 3});
  const Var zero = tape.constant(Tensor(Shape{4, 3}));
  BOOST_TEST(sum(take_along_axis(x, at, 0) * c).item() ==
                 sum(x * scatter_add_along_axis(zero, at, c, 0)).item(),
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(sort_orders_nan_last_as_pytorch) {
  Tape tape;
  const Var x = values(tape, {5}, {2, nan, -infinity, 1, infinity});
  BOOST_TEST(holds_indices(argsort(x), {5}, {2, 3, 0, 4, 1}));
  BOOST_TEST(holds_indices(argsort(x, 0, true), {5}, {1, 4, 0, 3, 2}));
  const Var sorted = sort(x);
  BOOST_TEST(std::isnan(sorted.data<double>()[4]));
  BOOST_TEST(sorted.data<double>()[0] == -infinity);
  BOOST_TEST(std::isnan(sort(x, 0, true).data<double>()[0]));
}

BOOST_AUTO_TEST_CASE(ties_keep_their_order) {
  Tape tape;
  const Var x = values(tape, {2, 4}, {1, 0, 1, 0, 5, 5, 5, 5});
  BOOST_TEST(holds_indices(argsort(x, 1), {2, 4}, {1, 3, 0, 2, 0, 1, 2, 3}));
  BOOST_TEST(holds_indices(argsort(x, 1, true), {2, 4}, {0, 2, 1, 3, 0, 1, 2, 3}));
  BOOST_TEST(holds(sort(x, 0), {2, 4}, {1, 0, 1, 0, 5, 5, 5, 5}));
}

BOOST_AUTO_TEST_CASE(sort_agrees_with_the_standard_library_along_any_axis) {
  Tape tape;
  const Tensor t = testing::varied({50, 3}, 9);
  const Var s = sort(tape.leaf(t), 0);
  for (std::size_t j = 0; j < 3; ++j) {
    std::vector<double> column(50), got(50);
    for (std::size_t i = 0; i < 50; ++i) {
      column[i] = t.data<double>()[3 * i + j];
      got[i] = s.data<double>()[3 * i + j];
    }
    std::ranges::sort(column);
    BOOST_TEST(column == got, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(topk_of_either_end) {
  Tape tape;
  const Var x = values(tape, {2, 3}, {1, 3, 2, 6, 4, 5});
  const TopK large = topk(x, 2);
  BOOST_TEST(holds(large.values, {2, 2}, {3, 2, 6, 5}));
  BOOST_TEST(holds_indices(large.indices, {2, 2}, {1, 2, 0, 2}));
  const TopK small = topk(x, 1, 0, false);
  BOOST_TEST(holds(small.values, {1, 3}, {1, 3, 2}));
  BOOST_TEST((topk(x, 0).values.shape() == Shape{2, 0}));
  BOOST_TEST(holds(grad(sum(large.values * large.values), x), {2, 3}, {0, 6, 4, 12, 0, 10}));
}

BOOST_AUTO_TEST_CASE(a_replay_sorts_anew) {
  Tape tape;
  const Var x = values(tape, {3}, {1, 2, 3});
  const Var top = topk(x, 1).values;
  const Var g = grad(sum(top * top), x);
  Workspace<double> ws{Plan({top, g})};
  std::ranges::copy(std::array{9.0, 2.0, 3.0}, ws.leaf(x).begin());
  ws.run();
  BOOST_TEST(ws[top][0] == 9);
  BOOST_TEST(ws[g][0] == 18);
  BOOST_TEST(ws[g][2] == 0);
}

BOOST_AUTO_TEST_CASE(slices_are_replaced) {
  Tape tape;
  const Var x = values(tape, {2, 3}, {1, 2, 3, 4, 5, 6}), u = values(tape, {1, 2}, {7, 8});
  BOOST_TEST(holds(slice_update(x, u, {1, 1}), {2, 3}, {1, 2, 3, 4, 7, 8}));
  BOOST_TEST(holds(slice_update(x, u, {0, -1}, {1, -2}), {2, 3}, {8, 2, 7, 4, 5, 6}));
  const auto g = grad(sum(square(slice_update(x, u, {0, 0}))), {x, u});
  BOOST_TEST(holds(g[0], {2, 3}, {0, 0, 6, 8, 10, 12}));
  BOOST_TEST(holds(g[1], {1, 2}, {14, 16}));
}

BOOST_AUTO_TEST_CASE(masked_elements_are_gone_with_their_derivative) {
  Tape tape;
  const Var x = values(tape, {2, 2}, {1, 0, 4, 9}), mask = values(tape, {2}, {0, 1});
  const Var y = masked_fill(reciprocal(x), mask, -1);
  BOOST_TEST(holds(y, {2, 2}, {1, -1, 0.25, -1}));
  BOOST_TEST(holds(masked_fill(x, mask, -infinity), {2, 2}, {1, -infinity, 4, -infinity}));
  BOOST_TEST(holds(grad(sum(masked_fill(x, mask, 5)), x), {2, 2}, {1, 0, 1, 0}));
  BOOST_TEST(holds(index_select(x, 1, indices(tape, {1}, {-1})), {2, 1}, {0, 9}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
