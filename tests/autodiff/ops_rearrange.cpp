#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/shape/as_strided.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

/// 1, 2, 3, ... in the given shape.
Var counted(Tape& tape, const Shape& shape) {
  Tensor t(shape);
  double next = 0;
  for (double& v : t.data<double>()) v = ++next;
  return tape.leaf(t);
}

bool holds(Var x, const Shape& shape, std::initializer_list<double> values) {
  return x.value() == Tensor(shape, values);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rearrange_suite)

BOOST_AUTO_TEST_CASE(tile_repeats_whole_axes) {
  Tape tape;
  const Var x = counted(tape, {2, 2});
  BOOST_TEST(holds(tile(x, {2}), {2, 4}, {1, 2, 1, 2, 3, 4, 3, 4}));
  BOOST_TEST(holds(tile(x, {2, 1}), {4, 2}, {1, 2, 3, 4, 1, 2, 3, 4}));
  BOOST_TEST(holds(tile(x, {2, 1, 1}), {2, 2, 2}, {1, 2, 3, 4, 1, 2, 3, 4}));
  BOOST_TEST((tile(x, {0, 1}).shape() == Shape{0, 2}));
  BOOST_TEST((tile(x, {}).is(x)));
}

BOOST_AUTO_TEST_CASE(repeat_interleave_repeats_single_slices) {
  Tape tape;
  const Var x = counted(tape, {2, 2});
  BOOST_TEST(holds(repeat_interleave(x, 2, -1), {2, 4}, {1, 1, 2, 2, 3, 3, 4, 4}));
  BOOST_TEST(holds(repeat_interleave(x, 2, 0), {4, 2}, {1, 2, 1, 2, 3, 4, 3, 4}));
  const std::vector<Index> times{0, 3};
  BOOST_TEST(holds(repeat_interleave(x, times, 1), {2, 3}, {2, 2, 2, 4, 4, 4}));
}

BOOST_AUTO_TEST_CASE(roll_and_flip) {
  Tape tape;
  const Var x = counted(tape, {2, 3});
  BOOST_TEST(holds(roll(x, 1, 1), {2, 3}, {3, 1, 2, 6, 4, 5}));
  BOOST_TEST(holds(roll(x, -4, 1), {2, 3}, {2, 3, 1, 5, 6, 4}));
  BOOST_TEST(holds(roll(x, 3, 0), {2, 3}, {4, 5, 6, 1, 2, 3}));
  BOOST_TEST(holds(flip(x, -1), {2, 3}, {3, 2, 1, 6, 5, 4}));
  BOOST_TEST(holds(flip(x, {0, 1}), {2, 3}, {6, 5, 4, 3, 2, 1}));
}

BOOST_AUTO_TEST_CASE(index_tensors_move_likewise) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{3}, std::initializer_list<Index>{7, 8, 9}));
  BOOST_TEST((flip(x, 0).value() == Tensor(Shape{3}, std::initializer_list<Index>{9, 8, 7})));
  BOOST_TEST((roll(x, 1, 0).value() == Tensor(Shape{3}, std::initializer_list<Index>{9, 7, 8})));
  BOOST_TEST((tile(x, {2}).shape() == Shape{6}));
}

BOOST_AUTO_TEST_CASE(stack_split_and_chunk) {
  Tape tape;
  const Var x = counted(tape, {2, 3});
  BOOST_TEST(holds(stack({x, x}, 1), {2, 2, 3}, {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  BOOST_TEST((stack({x, x}, -1).shape() == Shape{2, 3, 2}));
  const auto parts = split(x, 2, 1);
  BOOST_TEST(parts.size() == 2U);
  BOOST_TEST(holds(parts[1], {2, 1}, {3, 6}));
  const std::vector<Index> sizes{1, 0, 2};
  BOOST_TEST(holds(split(x, sizes, 1)[2], {2, 2}, {2, 3, 5, 6}));
  // PyTorch: torch.arange(7).chunk(4) has sizes 2, 2, 2, 1; of 6 into 4 there are only 3.
  BOOST_TEST(chunk(counted(tape, {7}), 4).back().size() == 1);
  BOOST_TEST(chunk(counted(tape, {6}), 4).size() == 3U);
}

BOOST_AUTO_TEST_CASE(pad_in_four_modes) {
  Tape tape;
  const Var x = counted(tape, {3});
  BOOST_TEST(holds(pad(x, {{1, 2}}, PadMode::constant, 9), {6}, {9, 1, 2, 3, 9, 9}));
  BOOST_TEST(holds(pad(x, {{2, 2}}, PadMode::reflect), {7}, {3, 2, 1, 2, 3, 2, 1}));
  BOOST_TEST(holds(pad(x, {{2, 1}}, PadMode::replicate), {6}, {1, 1, 1, 2, 3, 3}));
  BOOST_TEST(holds(pad(x, {{2, 3}}, PadMode::circular), {8}, {2, 3, 1, 2, 3, 1, 2, 3}));
  BOOST_TEST(holds(pad(x, {{-1, 1}}), {3}, {2, 3, 0}));
  BOOST_TEST(holds(pad(x, {{4, -3}}), {4}, {0, 0, 0, 0}));
  const Var m = counted(tape, {2, 2});
  BOOST_TEST(
      holds(pad(m, {{1, 0}, {0, 1}}, PadMode::reflect), {3, 3}, {3, 4, 3, 1, 2, 1, 3, 4, 3}));
  BOOST_TEST(holds(pad(m, {{1, 1}}), {2, 4}, {0, 1, 2, 0, 0, 3, 4, 0}));  // the last axis alone
}

BOOST_AUTO_TEST_CASE(triangles_and_diagonals) {
  Tape tape;
  const Var x = counted(tape, {2, 3});
  BOOST_TEST(holds(tril(x), {2, 3}, {1, 0, 0, 4, 5, 0}));
  BOOST_TEST(holds(tril(x, 1), {2, 3}, {1, 2, 0, 4, 5, 6}));
  BOOST_TEST(holds(triu(x), {2, 3}, {1, 2, 3, 0, 5, 6}));
  BOOST_TEST(holds(triu(x, -1), {2, 3}, {1, 2, 3, 4, 5, 6}));
  BOOST_TEST(holds(diagonal(x, 1), {2}, {2, 6}));
  BOOST_TEST(holds(diagonal(x, -1), {1}, {4}));
  BOOST_TEST(holds(diag(counted(tape, {2}), -1), {3, 3}, {0, 0, 0, 1, 0, 0, 0, 2, 0}));
  BOOST_TEST(holds(diag(x), {2}, {1, 5}));
  BOOST_TEST(holds(trace(x), {}, {6}));
  BOOST_TEST(holds(trace(counted(tape, {2, 2, 2})), {2}, {5, 13}));
}

BOOST_AUTO_TEST_CASE(a_triangle_hides_infinities) {
  Tape tape;
  const double inf = std::numeric_limits<double>::infinity();
  const Var x = tape.leaf(Tensor(Shape{2, 2}, {1.0, inf, inf, 2.0}));
  BOOST_TEST(holds(tril(x, -1) + tril(triu(x)), {2, 2}, {1, 0, inf, 2}));
}

BOOST_AUTO_TEST_CASE(diagonals_of_any_two_axes) {
  Tape tape;
  const Var x = counted(tape, {2, 3, 2});
  // Elements (i, j, i), as (j, i).
  BOOST_TEST(holds(diagonal(x, 0, 0, 2), {3, 2}, {1, 8, 3, 10, 5, 12}));
  const Var v = counted(tape, {2, 3});
  const Var m = diag_embed(v, 1, 0, 2);
  BOOST_TEST((m.shape() == Shape{4, 2, 4}));
  BOOST_TEST((diagonal(m, 1, 0, 2).value() == v.value()));
}

BOOST_AUTO_TEST_CASE(as_strided_windows) {
  Tape tape;
  const Var x = counted(tape, {5});
  BOOST_TEST(holds(as_strided(x, Shape{3, 3}, {1, 1}), {3, 3}, {1, 2, 3, 2, 3, 4, 3, 4, 5}));
  BOOST_TEST(holds(as_strided(x, Shape{3}, {-2}, 4), {3}, {5, 3, 1}));
  BOOST_TEST(holds(as_strided(x, Shape{2, 2}, {0, 3}, 1), {2, 2}, {2, 5, 2, 5}));
}

BOOST_AUTO_TEST_CASE(compositions_have_the_right_gradients) {
  Tape tape;
  const Var x = tape.leaf(testing::varied({2, 3}, 1)), y = tape.leaf(testing::varied({2, 3}, 2));
  const std::array xs{x, y};
  const std::vector<Index> times{0, 3, 1};
  const auto parts = split(stack({x, y}, 1), 2, -1);
  for (Var v : {tile(x * y, {2, 1, 2}), repeat_interleave(x * y, times, 1), flip(x * y, {0, 1}),
                parts[0] * parts[0], trace(x * y), diag_embed(x * y, -1, 0, 1),
                diagonal(stack({x, x * y}), 0, 0, 1)}) {
    const auto off = testing::gradient_errors(v, xs);
    BOOST_TEST(off.first < 1e-20);
    BOOST_TEST(off.second < 1e-20);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
