#include "autodiff/function.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "autodiff/autodiff.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "gradcheck/bridge/function_check.hpp"
#include "nn/minimize.hpp"

namespace dtheta::test {
namespace {

const Tensor w(Shape{2, 2}, {1.0, 2.0, 3.0, 4.0});

auto weighted() {
  return function([](Var x, Var b) { return sum(square(x)) * b; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(a_value_and_its_gradients) {
  auto f = weighted();
  BOOST_TEST(f(w, 2.0).item() == 60.0);
  const auto [value, gradients] = f.value_and_grad(w, 2.0);
  BOOST_TEST(value == 60.0);
  BOOST_TEST((gradients[0] == Tensor(Shape{2, 2}, {4.0, 8.0, 12.0, 16.0})));
  BOOST_TEST(gradients[1].item() == 30.0);
  BOOST_TEST(f.recordings() == 1U);
  // Other values, the same recording.
  BOOST_TEST(f(Tensor(Shape{2, 2}, {1.0, 1.0, 1.0, 1.0}), 3.0).item() == 12.0);
  BOOST_TEST(f.recordings() == 1U);
}

BOOST_AUTO_TEST_CASE(tangents_and_products_with_second_derivatives) {
  auto f = weighted();
  const Tensor v(Shape{2, 2}, {1.0, 0.0, 0.0, -1.0});
  // d = 2 x.v b + |x|^2 db = 2 (1 - 4) 2 + 30 * 0.5
  BOOST_TEST(f.jvp(w, 2.0)(v, 0.5).tangent.item() == 3.0);
  BOOST_TEST(f.jvp(w, 2.0)(v, 0.5).value.item() == 60.0);
  // H v: 2 b v + 2 x db, and 2 x.v
  const auto product = f.hvp(w, 2.0)(v, 0.5);
  BOOST_TEST((product.gradients[0] == Tensor(Shape{2, 2}, {5.0, 2.0, 3.0, 0.0})));
  BOOST_TEST(product.gradients[1].item() == -6.0);
  BOOST_CHECK_EXCEPTION(static_cast<void>(f.jvp(w, 2.0)(Tensor(Shape{4}), 0.5)), ShapeError,
                        [](const ShapeError& e) {
                          return std::string_view(e.what()) ==
                                 "function: argument 1 is (2, 2), the vector for it (4)";
                        });
}

BOOST_AUTO_TEST_CASE(arrays_are_vectors_numbers_and_tensors_in_their_precision) {
  auto f = function([](Var x, Var y) { return sum(x * y); });
  const std::vector<double> a{1.0, 2.0}, b{3.0, 4.0};
  const std::vector<float> c{1.0F, 2.0F};
  BOOST_TEST(f(a, b).item() == 11.0);
  BOOST_TEST((f(a, b).dtype() == DType::float64));
  BOOST_TEST((f(c, c).dtype() == DType::float32));
  BOOST_TEST((f(c, b).dtype() == DType::float64));
  BOOST_TEST((f.value_and_grad(c, c).gradients[0].dtype() == DType::float32));
  BOOST_TEST(f.recordings() == 2U);  // one in double, one in float
  const std::vector<Index> rows{1, 1, 0};
  auto taken = function([](Var x, Var i) { return sum(take(x, i) * take(x, i)); });
  const auto& answer = taken.value_and_grad(b, rows);
  BOOST_TEST(answer.value == 16.0 + 16.0 + 9.0);
  BOOST_TEST((answer.gradients[0] == Tensor(Shape{2}, {6.0, 16.0})));
  BOOST_TEST(answer.gradients[1].size() == 0);
}

BOOST_AUTO_TEST_CASE(other_shapes_and_other_branches_are_recorded_anew_and_kept) {
  int recorded = 0;
  auto f = function([&](Var x) {
    ++recorded;
    const Var s = sum(x);
    if (s > 0) return s * s;
    return -s;
  });
  const std::vector<double> up{1.0, 2.0}, down{-1.0, -2.0}, more{1.0, 1.0, 1.0};
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(f(up).item() == 9.0);
    BOOST_TEST(f(down).item() == 3.0);
    BOOST_TEST(f(more).item() == 9.0);
    BOOST_TEST((f.value_and_grad(down).gradients[0] == Tensor(Shape{2}, {-1.0, -1.0})));
    BOOST_TEST((f.value_and_grad(up).gradients[0] == Tensor(Shape{2}, {6.0, 6.0})));
  }
  BOOST_TEST(recorded == 3);
  BOOST_TEST(f.recordings() == 3U);
}

BOOST_AUTO_TEST_CASE(the_recordings_are_bounded) {
  int recorded = 0;
  auto f = function([&](Var x) { return ++recorded, sum(x); }, {.recordings = 2});
  const auto call = [&](Index n) { return f(Tensor(Shape{n})).item(); };
  for (const Index n : {1, 2, 3}) static_cast<void>(call(n));
  BOOST_TEST(f.recordings() == 2U);
  static_cast<void>(call(3));
  static_cast<void>(call(2));
  BOOST_TEST(recorded == 3);
  static_cast<void>(call(1));  // the one that went
  BOOST_TEST(recorded == 4);
}

BOOST_AUTO_TEST_CASE(a_call_that_replays_allocates_nothing) {
  auto f = weighted();
  const Tensor v(Shape{2, 2}, {1.0, 0.0, 0.0, -1.0});
  const auto all = [&] {
    double total = f(w, 2.0).item();
    total += f.value_and_grad(w, 2.0).value;
    total += f.jvp(w, 2.0)(v, 1.0).value.item();
    total += f.hvp(w, 2.0)(v, 1.0).value;
    return total;
  };
  const double first = all();
  const long before = allocations();
  const double again = all();
  BOOST_TEST(allocations() - before == 0);
  BOOST_TEST(first == again);
}

BOOST_AUTO_TEST_CASE(one_that_was_moved_from_says_so) {
  auto f = weighted();
  auto g = std::move(f);
  BOOST_TEST(g(w, 2.0).item() == 60.0);
  BOOST_CHECK_THROW(static_cast<void>(f(w, 2.0)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(f.value_and_grad(w, 2.0)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(f.recordings()), StateError);
}

BOOST_AUTO_TEST_CASE(value_and_grad_is_a_callable) {
  auto g = value_and_grad([](Var x) { return sin(x); });
  const auto& [value, gradients] = g(0.5);
  // The sine and cosine of the library and of ours may differ by a rounding.
  BOOST_TEST(std::abs(value - std::sin(0.5)) <= 2 * 0x1p-53);
  BOOST_TEST(std::abs(gradients[0].item() - std::cos(0.5)) <= 2 * 0x1p-53);
}

BOOST_AUTO_TEST_CASE(what_is_no_function_is_told) {
  auto none = function([](Var) { return Var{}; });
  BOOST_CHECK_THROW(static_cast<void>(none(1.0)), StateError);
  auto several = function([](Var x) { return x * 2; });
  BOOST_CHECK_THROW(static_cast<void>(several.value_and_grad(w)), ShapeError);
  BOOST_TEST((several(w) == Tensor(Shape{2, 2}, {2.0, 4.0, 6.0, 8.0})));
  auto constant = function([](Var x) { return x.tape().constant(3.0); });
  BOOST_TEST(constant.value_and_grad(w).value == 3.0);
  BOOST_TEST((constant.value_and_grad(w).gradients[0] == Tensor(Shape{2, 2})));
}

BOOST_AUTO_TEST_CASE(it_is_checked_in_a_line) {
  const auto f = weighted();
  const gradcheck::Result good = f.check(w, 2.0);
  BOOST_TEST(good);
  BOOST_TEST(good.blocks.size() == 2U);
  BOOST_TEST(good.blocks[0].name == "x1");
  // A derivative that is cut is a wrong one.
  const auto wrong = function([](Var x) { return sum(stop_gradient(x) * x); });
  BOOST_TEST((wrong.check(w).verdict == gradcheck::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(minimize_finds_where_a_function_is_smallest) {
  auto rosenbrock =
      function([](Var x, Var y) { return square(1 - x) + 100 * square(y - square(x)); });
  const nn::Minimum m = nn::minimize(std::move(rosenbrock), -1.2, 1.0);
  BOOST_TEST(m.search.converged);
  // Done when no derivative is above 1e-8; along the valley the curvature is 0.4.
  BOOST_TEST(std::abs(m.at[0].item() - 1) <= 1e-7);
  BOOST_TEST(std::abs(m.at[1].item() - 1) <= 2e-7);
  const nn::Minimum early = nn::minimize(function([](Var x) { return square(x - 3) + exp(x); }),
                                         {.max_iterations = 1}, 0.0);
  BOOST_TEST(!early.search.converged);
  BOOST_TEST(early.search.iterations == 1);
  const std::vector<Index> rows{0};
  BOOST_CHECK_THROW(static_cast<void>(nn::minimize(
                        function([](Var x, Var i) { return sum(take(x, i)); }), w, rows)),
                    TypeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
