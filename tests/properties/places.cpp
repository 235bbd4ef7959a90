#include <boost/test/unit_test.hpp>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "check.hpp"
#include "generators.hpp"

namespace dtheta::properties {
namespace {

/// A tensor of whole numbers, an axis of it, and places along that axis.
struct Drawn {
  Drawn() {
    const auto of = *dims(1, 3);
    axis = *rc::gen::inRange(0, static_cast<int>(of.size()));
    x = tape.leaf(whole_values(shape(of), *rc::gen::inRange<std::uint64_t>(0, 1000)));
    n = x.shape()[axis];
  }

  /// Indices of some shape, valid along the axis.
  [[nodiscard]] Var indices(const Shape& of) {
    const auto list = *places(static_cast<std::size_t>(of.size()), n);
    return tape.leaf(Tensor(of, std::span<const Index>(list)));
  }
  /// x's shape with another size of the axis.
  [[nodiscard]] Shape resized(Index size) const {
    std::vector<Index> of(x.shape().begin(), x.shape().end());
    of[static_cast<std::size_t>(axis)] = size;
    return shape(of);
  }

  Tape tape;
  int axis = 0;
  Var x;
  Index n = 0;
};

double dot(Var a, Var b) { return sum(a * b).item(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(place_properties)

// All sums are of whole numbers, and exact.

BOOST_AUTO_TEST_CASE(scatter_add_is_the_adjoint_of_take) {
  BOOST_TEST(holds("u . take(x) = scatter_add(u) . x", [] {
    Drawn p;
    const Var at = p.indices(shape(*dims(0, 2, 0)));
    const Var taken = take(p.x, at, p.axis);
    const Var u = p.tape.leaf(whole_values(taken.shape(), 9));
    const Var scattered = scatter_add(u, at, p.axis, p.n);
    RC_ASSERT(dot(u, taken) == dot(scattered, p.x));
    RC_ASSERT((grad(sum(u * taken), p.x).value() == scattered.value()));
  }));
}

BOOST_AUTO_TEST_CASE(scatter_of_gather_counts_how_often_each_place_was_read) {
  BOOST_TEST(holds("scatter_add(take(x)) = x times the count", [] {
    Drawn p;
    const Var at = p.indices({*rc::gen::inRange<Index>(0, 6)});
    const Var taken = take(p.x, at, p.axis);
    const Var ones = p.tape.leaf(taken.value()) * 0 + 1;
    const Var back = scatter_add(taken, at, p.axis, p.n);
    const Var expected = p.x * scatter_add(ones, at, p.axis, p.n);
    RC_ASSERT((back.value() == expected.value()));
  }));
}

BOOST_AUTO_TEST_CASE(gather_of_scatter_finds_what_was_put_last) {
  BOOST_TEST(holds("take_along_axis(put_along_axis(x, i, u), i) = u where no place repeats", [] {
    Drawn p;
    const std::vector<int> order = *permutation(static_cast<int>(p.n));
    const Index count = *rc::gen::inRange<Index>(0, p.n + 1);
    Tensor places(p.resized(count), DType::int64);
    const AxisSplit split(places.shape(), p.axis, 1);
    for (Index i = 0; i < places.size(); ++i) {
      const Index k = i / split.inner % std::max<Index>(count, 1);
      places.data<Index>()[static_cast<std::size_t>(i)] = order[static_cast<std::size_t>(k)];
    }
    const Var at = p.tape.leaf(places), u = p.tape.leaf(whole_values(places.shape(), 9));
    const Var put = put_along_axis(p.x, at, u, p.axis);
    RC_ASSERT((take_along_axis(put, at, p.axis).value() == u.value()));
    // And putting back what was there changes nothing.
    const Var same = put_along_axis(p.x, at, take_along_axis(p.x, at, p.axis), p.axis);
    RC_ASSERT((same.value() == p.x.value()));
  }));
}

BOOST_AUTO_TEST_CASE(scatter_add_along_axis_is_the_adjoint_of_take_along_axis) {
  BOOST_TEST(holds("u . take_along_axis(x) = (0 + u scattered) . x", [] {
    Drawn p;
    const Var at = p.indices(p.resized(*rc::gen::inRange<Index>(0, 6)));
    const Var taken = take_along_axis(p.x, at, p.axis);
    const Var u = p.tape.leaf(whole_values(taken.shape(), 9));
    const Var zeros = p.tape.leaf(Tensor(p.x.shape()));
    const Var scattered = scatter_add_along_axis(zeros, at, u, p.axis);
    RC_ASSERT(dot(u, taken) == dot(scattered, p.x));
    RC_ASSERT((grad(sum(u * taken), p.x).value() == scattered.value()));
  }));
}

BOOST_AUTO_TEST_CASE(gather_nd_of_one_axis_is_take) {
  BOOST_TEST(holds("gather_nd along the first axis = take", [] {
    Drawn p;
    const Var x = swap_axes(p.x, 0, p.axis);
    const Var at = p.indices({*rc::gen::inRange<Index>(0, 6)});
    const Var found = gather_nd(x, expand_dims(at, 1));
    RC_ASSERT((found.value() == take(x, at).value()));
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::properties
