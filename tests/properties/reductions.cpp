#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "autodiff/axes.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/sort.hpp"
#include "check.hpp"
#include "generators.hpp"

namespace dtheta::properties {
namespace {

using Reduction = Var (*)(Var x, Axes axes, bool keepdims);

struct NamedReduction {
  const char* name;
  Reduction f;
  bool exact;  // of whole numbers, in any order
};

constexpr NamedReduction reductions[]{
    {"sum", [](Var x, Axes axes, bool keep) { return sum(x, axes, keep); }, true},
    {"max", [](Var x, Axes axes, bool keep) { return max(x, axes, keep); }, true},
    {"min", [](Var x, Axes axes, bool keep) { return min(x, axes, keep); }, true},
    {"median", [](Var x, Axes axes, bool keep) { return median(x, axes, keep); }, true},
    {"count_nonzero", [](Var x, Axes axes, bool keep) { return count_nonzero(x, axes, keep); },
     true},
    {"norm 1", [](Var x, Axes axes, bool keep) { return norm(x, 1, axes, keep); }, true},
    {"mean", [](Var x, Axes axes, bool keep) { return mean(x, axes, keep); }, false},
    {"prod", [](Var x, Axes axes, bool keep) { return prod(x / 8, axes, keep); }, false},
    {"norm 2", [](Var x, Axes axes, bool keep) { return norm(x, 2, axes, keep); }, false},
    {"logsumexp", [](Var x, Axes axes, bool keep) { return logsumexp(x, axes, keep); }, false},
};

/// At most 4^3 = 64 terms of size 8, which give results and derivatives of at most 512.
constexpr double rounding = 64 * 0x1p-53 * 512;

void expect_same(Var a, Var b, bool exact) {
  RC_ASSERT(a.shape() == b.shape());
  const auto x = a.data<double>(), y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    RC_ASSERT((exact ? x[i] == y[i] : std::abs(x[i] - y[i]) <= rounding));
  }
}

const NamedReduction& any_reduction() {
  const NamedReduction& r = reductions[*rc::gen::inRange<std::size_t>(0, std::size(reductions))];
  RC_LOG() << r.name << '\n';
  return r;
}

/// Some of the axes, in any order.
std::vector<int> any_axes(int rank) {
  std::vector<int> axes = *permutation(rank);
  axes.resize(*rc::gen::inRange<std::size_t>(0, axes.size() + 1));
  return axes;
}

Var index_vector(Tape& tape, const std::vector<int>& order) {
  const std::vector<Index> places(order.begin(), order.end());
  return tape.constant(
      Tensor(Shape{static_cast<Index>(places.size())}, std::span<const Index>(places)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reduction_properties)

BOOST_AUTO_TEST_CASE(the_order_of_elements_does_not_matter) {
  BOOST_TEST(holds("f(x permuted) = f(x), and the gradient is that of f permuted", [] {
    const NamedReduction& r = any_reduction();
    const auto of = *dims(1, 3);
    const int axis = *rc::gen::inRange(0, static_cast<int>(of.size()));
    Tape tape;
    const Var x = tape.leaf(whole_values(shape(of), *rc::gen::inRange<std::uint64_t>(0, 1000)));
    const Var order = index_vector(tape, *permutation(static_cast<int>(x.shape()[axis])));
    const Var shuffled = tape.leaf(index_select(x, axis, order).value());
    const Var y = r.f(x, axis, false), z = r.f(shuffled, axis, false);
    expect_same(y, z, r.exact);
    const Var gx = grad(sum(y), x), gs = grad(sum(z), shuffled);
    expect_same(index_select(gx, axis, order), gs, false);
  }));
}

BOOST_AUTO_TEST_CASE(the_order_of_axes_does_not_matter) {
  BOOST_TEST(holds("f over axes = f over the same axes of the transpose", [] {
    const NamedReduction& r = any_reduction();
    const auto of = *dims(0, 3);
    const int rank = static_cast<int>(of.size());
    const std::vector<int> axes = any_axes(rank), order = *permutation(rank);
    Tape tape;
    const Var x = tape.leaf(whole_values(shape(of), *rc::gen::inRange<std::uint64_t>(0, 1000)));
    std::vector<int> moved;
    for (int a : axes) {
      moved.push_back(static_cast<int>(std::ranges::find(order, a) - order.begin()));
    }
    const Var transposed = permute(x, Axes(std::span<const int>(order)));
    const Var y = r.f(x, Axes(std::span<const int>(axes)), true);
    const Var z = r.f(transposed, Axes(std::span<const int>(moved)), true);
    expect_same(permute(y, Axes(std::span<const int>(order))), z, r.exact);
    expect_same(grad(sum(y), x), grad(sum(z), x), false);
  }));
}

BOOST_AUTO_TEST_CASE(kept_axes_have_size_1_and_nothing_else_differs) {
  BOOST_TEST(holds("f with and without keepdims", [] {
    const NamedReduction& r = any_reduction();
    const auto of = *dims(0, 3);
    const std::vector<int> axes = any_axes(static_cast<int>(of.size()));
    const Axes list{std::span<const int>(axes)};
    Tape tape;
    const Var x = tape.leaf(whole_values(shape(of), 5));
    const Var kept = r.f(x, list, true), gone = r.f(x, list, false);
    RC_ASSERT(same_bits(kept.value(), gone.value().reshaped(kept.shape())));
  }));
}

BOOST_AUTO_TEST_CASE(sorting_forgets_the_order) {
  BOOST_TEST(holds("sort(x permuted) = sort(x)", [] {
    const auto of = *dims(1, 3);
    const int axis = *rc::gen::inRange(0, static_cast<int>(of.size()));
    Tape tape;
    const Var x = tape.leaf(whole_values(shape(of), *rc::gen::inRange<std::uint64_t>(0, 1000)));
    const Var order = index_vector(tape, *permutation(static_cast<int>(x.shape()[axis])));
    const Var sorted = sort(x, axis);
    RC_ASSERT(same_bits(sorted.value(), sort(index_select(x, axis, order), axis).value()));
    RC_ASSERT(same_bits(sorted.value(), take_along_axis(x, argsort(x, axis), axis).value()));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::properties
