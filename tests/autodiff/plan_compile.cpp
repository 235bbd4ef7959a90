// What a plan is compiled to: what is merged and what is not, where values lie, constants that
// small steps read, partial replay from many leaves.

#include <algorithm>
#include <bit>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <ostream>
#include <ranges>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/sort.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_compile)

BOOST_AUTO_TEST_CASE(equal_records_are_one_op_however_many_others_read_the_same) {
  constexpr Index n = 300;
  Tape tape;
  // Rows that begin alike: no two slices can be told apart by their first elements.
  const Var x = tape.leaf(Tensor(Shape{n, 2}));
  std::vector<Var> rows;
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (Index i = 0; i < n; ++i) rows.push_back(sum(slice(x, 0, {i, i + 1})));
  }
  const Plan once(std::span<const Var>(rows).first(n)), twice(rows);
  BOOST_TEST(once.op_count() == 2 * n);
  BOOST_TEST(twice.op_count() == 2 * n);
  Workspace<double> ws(twice);
  for (Index i = 0; i < n; ++i)
    ws.leaf(x)[static_cast<std::size_t>(2 * i)] = static_cast<double>(i);
  ws.run();
  for (Index i = 0; i < 2 * n; ++i) {
    BOOST_TEST(ws[rows[static_cast<std::size_t>(i)]][0] == static_cast<double>(i % n));
  }
}

BOOST_AUTO_TEST_CASE(records_that_cannot_be_told_apart_by_their_hash_stay_apart) {
  constexpr Index n = 1500;
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{n, 2}));
  std::vector<Var> rows;
  for (Index i = 0; i < n; ++i) rows.push_back(sum(slice(x, 0, {i, i + 1})));
  Workspace<double> ws(Plan{rows});
  for (Index i = 0; i < n; ++i)
    ws.leaf(x)[static_cast<std::size_t>(2 * i)] = static_cast<double>(i);
  ws.run();
  const auto holds_its_row = [&](Index i) {
    return ws[rows[static_cast<std::size_t>(i)]][0] == static_cast<double>(i);
  };
  BOOST_TEST(std::ranges::all_of(std::views::iota(Index{0}, n), holds_its_row));
}

BOOST_AUTO_TEST_CASE(equal_views_are_one) {
  Tape tape;
  const Var x = tape.leaf(draw({4, 3}, 1));
  const Var y = tanh(reshape(x, {3, 4})) + tanh(reshape(x, {3, 4}));
  BOOST_TEST(Plan({y}).op_count() == 2u);
}

BOOST_AUTO_TEST_CASE(operands_in_another_order_or_other_attributes_are_another_op) {
  Tape tape;
  const Var a = tape.leaf(draw({3, 3}, 1)), b = tape.leaf(draw({3, 3}, 2));
  const std::vector<Var> all{a - b, b - a, matmul(a, b), matmul(a, b, true, false)};
  BOOST_TEST(Plan(all).op_count() == 4u);
}

BOOST_AUTO_TEST_CASE(a_plan_for_the_end_of_a_tape_knows_nothing_of_the_rest) {
  Tape tape;
  const Var early = tape.leaf(draw({4}, 1));
  Var y = early;
  for (int i = 0; i < 100; ++i) y = tanh(y);
  const Var late = tape.leaf(draw({4}, 2)), cost = sum(square(late));
  const Var after = tape.leaf(draw({4}, 3));
  const Plan plan({cost});
  BOOST_TEST(plan.has_leaf(late));
  BOOST_TEST(plan.computes(cost));
  for (Var other : {early, y, after}) {
    BOOST_TEST(!plan.has_leaf(other));
    BOOST_TEST(!plan.computes(other));
  }
}

BOOST_AUTO_TEST_CASE(every_record_is_found) {
  // Needed and not needed in turn.
  Tape tape;
  const Var x = tape.leaf(Tensor(0.5));
  std::vector<Var> needed, others;
  Var y = x;
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < i % 4; ++k) others.push_back(sqrt(y));
    needed.push_back(y = tanh(y));
  }
  const Plan plan({y});
  for (Var v : needed) BOOST_TEST(plan.computes(v));
  for (Var v : others) BOOST_TEST(!plan.computes(v));
}

BOOST_AUTO_TEST_CASE(long_values_start_on_a_cache_line) {
  Tape tape(DType::float32);
  const Var x = tape.leaf(draw({3}, 1)), w = tape.leaf(draw({20, 3}, 2));
  const std::vector<Var> outputs{matmul(w, reshape(x, {3, 1})), tanh(x), sum(w), tanh(w)};
  Workspace<float> ws(Plan{outputs});
  ws.run();
  for (Var y : outputs) {
    const std::size_t bytes = ws[y].size_bytes();
    const auto address = std::bit_cast<std::uintptr_t>(ws[y].data());
    BOOST_TEST(address % (bytes >= 64 ? 64 : 16) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_written_over_what_is_read_later) {
  Tape tape;
  const Var a = tape.leaf(draw({3, 3}, 1)), b = tape.leaf(draw({3, 3}, 2));
  const Var t = matmul(a, b);
  const Var first = t * 2, second = first + t;  // one step, of which both results are kept
  const Plan plan({first, second});
  BOOST_TEST(plan.step_count() == 2u);
  Workspace<double> ws(plan);
  ws.run();
  BOOST_TEST((ws.tensor(first) == first.value()));
  BOOST_TEST((ws.tensor(second) == second.value()));
}

BOOST_AUTO_TEST_CASE(an_updated_leaf_keeps_its_value_until_all_have_read_it) {
  Tape tape;
  const Var w = tape.leaf(draw({3}, 1)), x = tape.leaf(draw({3}, 2));
  const Var next = w * 0.5, after = next + w * x;
  const Tensor expected = next.value(), kept = after.value();
  Workspace<double> ws(Plan({after}, {.updates = {{w, next}}}));
  ws.run();
  BOOST_TEST((ws.tensor(w) == expected));
  BOOST_TEST((ws.tensor(after) == kept));
}

BOOST_DATA_TEST_CASE(a_leaf_takes_what_is_computed_once_after_each_run,
                     boost::unit_test::data::make({false, true}), settled) {
  Tape tape;
  const Var w = tape.leaf(Tensor(7.0));
  const Var once = settled ? tape.leaf(Tensor(0.5)) : tape.constant(Tensor(0.5));
  const Var next = tanh(once);
  PlanOptions options{.updates = {{w, next}}};
  if (settled) options.settled = {once};
  Workspace<double> ws(Plan({w}, options));
  BOOST_TEST(ws[w][0] == 7.0);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ws.run();
    BOOST_TEST(ws[w][0] == next.item());
    ws.leaf(w)[0] = 5;
  }
}

BOOST_AUTO_TEST_CASE(settled_leaves_alone_are_nothing_to_compute) {
  Tape tape;
  const Var x = tape.leaf(Tensor(0.5));
  BOOST_CHECK_THROW(Plan(std::span<const Var>{}, {.settled = {x}}), StateError);
}

BOOST_AUTO_TEST_CASE(a_step_of_many_operands_gives_back_each_of_them_once) {
  constexpr int n = 200;
  Tape tape;
  const Var x = tape.leaf(draw({16}, 1));
  std::vector<Var> parts;
  for (int i = 0; i < n; ++i) parts.push_back(sort(x * static_cast<double>(i + 1)));
  for (int i = 0; i < n; ++i) parts.push_back(parts[static_cast<std::size_t>(i)]);
  const Var all = concat(parts, 0);
  std::vector<Var> again;
  for (int i = 0; i < n; ++i) {
    again.push_back(sort(slice(all, 0, {16 * i, 16 * (i + 1)}) - 1));
  }
  const Var y = concat(again, 0);
  const Plan plan({y});
  Workspace<double> ws(plan);
  ws.run();
  BOOST_TEST((ws.tensor(y) == y.value()));
  // What is joined, twice as long, and what it is joined from, whose places are used again; x, what
  // is sorted, and the numbers.
  BOOST_TEST(plan.memory_elements() <= 16 * (3 * n + 2) + 4 * (n + 1));
}

/// Widths on both sides of a tile's.
BOOST_DATA_TEST_CASE(constants_that_broadcast_are_read_like_other_values,
                     boost::unit_test::data::make({1, 5, 128, 129, 700}), width) {
  Tape tape;
  const Var x = tape.leaf(draw({4, width}, 1)), scale = tape.leaf(Tensor(0.5));
  const Var row = tape.constant(draw({width}, 2)), column = tape.constant(draw({4, 1}, 3));
  const Var y = (x * row + 0.25) * (column - 0.125) + scale * x + row;
  // The same number in another shape.
  const Var z = tape.leaf(draw({width}, 4)) * 0.25;
  const std::vector<Var> outputs{y, grad(sum(y * y), x), tanh(row) * x, z};
  for (const bool reuse : {true, false}) {
    Workspace<double> ws(Plan(outputs, {.reuse_memory = reuse}));
    for (int repeat = 0; repeat < 2; ++repeat) {
      ws.run();
      for (Var v : outputs) BOOST_TEST((ws.tensor(v) == v.value()));
    }
    ws.leaf(scale)[0] = 2;
    ws.run();
    const Var moved = (x * row + 0.25) * (column - 0.125) + 2 * x + row;
    BOOST_TEST((ws.tensor(y) == moved.value()));
  }
}

BOOST_AUTO_TEST_CASE(partial_replay_from_each_of_many_leaves) {
  Tape tape;
  std::vector<Var> leaves, outputs;
  for (std::uint64_t i = 0; i < 150; ++i) leaves.push_back(tape.leaf(draw({3}, i)));
  for (std::size_t i = 0; i + 1 < leaves.size(); ++i) {
    outputs.push_back(sum(tanh(leaves[i]) * leaves[i + 1]));
  }
  const Plan plan(outputs, {.reuse_memory = false});
  Workspace<double> full(plan), partial(plan);
  partial.run();
  for (Var leaf : leaves) {
    for (auto* ws : {&full, &partial}) ws->leaf(leaf)[1] += 0.125;
    full.run();
    partial.rerun(leaf);
    for (Var y : outputs) BOOST_TEST(full[y][0] == partial[y][0]);
  }
}

/// An op with a number for an attribute.
struct WithNumber {
  const char* name;
  Var (*op)(Var x, double number);
};
std::ostream& operator<<(std::ostream& out, const WithNumber& w) { return out << w.name; }

const std::vector<WithNumber> with_number{
    {"clamp", [](Var x, double a) { return clamp(x, a, 1); }},
    {"elu", [](Var x, double a) { return elu(x, a); }},
    {"hardtanh", [](Var x, double a) { return hardtanh(x, a, 1); }},
    {"leaky_relu", [](Var x, double a) { return leaky_relu(x, a); }},
    {"pad",
     [](Var x, double a) {
       return pad(x, {{1, 0}}, PadMode::constant, a);
     }},
    {"threshold", [](Var x, double a) { return threshold(x, 0, a); }},
};

// By their values 0 and -0 are equal, and results are not. NaN equals nothing, but the op is one.
BOOST_DATA_TEST_CASE(ops_are_one_if_their_attributes_have_the_same_bits,
                     boost::unit_test::data::make(with_number), w) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {-1, -2}));
  const std::vector<Var> zeros{w.op(x, 0.0), w.op(x, -0.0), w.op(x, 0.0)};
  const Plan plan(zeros);
  BOOST_TEST(plan.op_count() == 2);
  Workspace<double> ws(plan);
  ws.run();
  BOOST_TEST(std::bit_cast<std::uint64_t>(ws[zeros[0]][0]) !=
             std::bit_cast<std::uint64_t>(ws[zeros[1]][0]));
  for (const Var y : zeros) {
    BOOST_TEST(std::bit_cast<std::uint64_t>(ws[y][0]) ==
               std::bit_cast<std::uint64_t>(y.data<double>()[0]));
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string name = w.name;
  if (name == "clamp" || name == "hardtanh") return;  // these refuse it
  const std::vector<Var> nans{w.op(x, nan), w.op(x, nan)};
  BOOST_TEST(Plan(nans).op_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
