// What must not be done is told, in a clear error: no Var reads what is not its own, and nothing
// that was moved from or is gone is touched. To be run under AddressSanitizer as well.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <functional>
#include <memory>
#include <ostream>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/statistics.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::test {
namespace {

namespace bdata = boost::unit_test::data;

/// Something that needs a valid Var.
struct Use {
  std::string_view name;
  std::function<void(Var v)> call;
};
std::ostream& operator<<(std::ostream& out, const Use& use) { return out << use.name; }

const std::vector<Use> uses{
    {"shape", [](Var v) { static_cast<void>(v.shape()); }},
    {"rank", [](Var v) { static_cast<void>(v.rank()); }},
    {"size", [](Var v) { static_cast<void>(v.size()); }},
    {"type", [](Var v) { static_cast<void>(v.type()); }},
    {"is_index", [](Var v) { static_cast<void>(v.is_index()); }},
    {"tape", [](Var v) { static_cast<void>(v.tape().node(v)); }},
    {"value", [](Var v) { static_cast<void>(v.value()); }},
    {"data", [](Var v) { static_cast<void>(v.data<double>()); }},
    {"item", [](Var v) { static_cast<void>(v.item()); }},
    {"if", [](Var v) { static_cast<void>(static_cast<bool>(v)); }},
    {"op of one operand", [](Var v) { -v; }},
    {"left of a number", [](Var v) { v + 1; }},
    {"right of a number", [](Var v) { 2 * v; }},
    {"reduction", [](Var v) { sum(v); }},
    {"grad of it", [](Var v) { static_cast<void>(grad(v, v)); }},
    {"vjp",
     [](Var v) { static_cast<void>(vjp(std::span(&v, 1), std::span(&v, 1), std::span(&v, 1))); }},
    {"jvp",
     [](Var v) { static_cast<void>(jvp(std::span(&v, 1), std::span(&v, 1), std::span(&v, 1))); }},
    {"plan", [](Var v) { Plan plan{v}; }},
};

bool says(const StateError& e, std::string_view words) {
  return std::string_view(e.what()).find(words) != std::string_view::npos;
}

bool is_gone(const StateError& e) { return says(e, "has been cleared or destroyed since"); }
bool is_forgotten(const StateError& e) { return says(e, "has been forgotten since"); }

}  // namespace

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_DATA_TEST_CASE(a_var_of_no_value_is_an_error, bdata::make(uses), use) {
  BOOST_CHECK_THROW(use.call(Var{}), StateError);
}

BOOST_DATA_TEST_CASE(a_var_ends_when_its_tape_is_cleared, bdata::make(uses), use) {
  Tape tape;
  const Var before = tape.leaf(Tensor(3.0));
  tape.clear();
  BOOST_CHECK_EXCEPTION(use.call(before), StateError, is_gone);
  // Another record at its place, of the same type.
  const Var after = tape.leaf(Tensor(4.0));
  BOOST_TEST(after.index() == before.index());
  BOOST_TEST(!after.is(before));
  BOOST_CHECK_EXCEPTION(use.call(before), StateError, is_gone);
  BOOST_CHECK_NO_THROW(use.call(after));
}

BOOST_DATA_TEST_CASE(a_var_ends_with_its_tape, bdata::make(uses), use) {
  Var before;
  {
    Tape tape;
    before = tape.leaf(Tensor(3.0));
  }
  BOOST_CHECK_EXCEPTION(use.call(before), StateError, is_gone);
  // Another tape, which takes over what the first has left.
  Tape other;
  const Var after = other.leaf(Tensor(4.0));
  BOOST_TEST(!after.is(before));
  BOOST_CHECK_EXCEPTION(use.call(before), StateError, is_gone);
  BOOST_CHECK_NO_THROW(use.call(after));
}

BOOST_DATA_TEST_CASE(a_var_ends_with_the_scratch_it_was_recorded_in, bdata::make(uses), use) {
  Tape tape;
  const Var kept = tape.leaf(Tensor(3.0));
  Var inside;
  {
    const Tape::Scratch scratch(tape);
    inside = tape.leaf(Tensor(5.0));
    BOOST_CHECK_NO_THROW(use.call(inside));
  }
  BOOST_CHECK_EXCEPTION(use.call(inside), StateError, is_forgotten);
  BOOST_CHECK_NO_THROW(use.call(kept));
}

BOOST_AUTO_TEST_CASE(values_of_two_tapes_do_not_mix) {
  Tape one, two;
  const Var a = one.leaf(Tensor(1.0)), b = two.leaf(Tensor(2.0));
  BOOST_CHECK_THROW(a + b, StateError);
  BOOST_CHECK_THROW(static_cast<void>(one.node(b)), StateError);
  BOOST_CHECK_THROW(one.guard(b, true), StateError);
  BOOST_CHECK_THROW(Var(one, 1), StateError);  // there is record 0 alone
  BOOST_TEST(Var(one, 0).is(a));
}

BOOST_AUTO_TEST_CASE(an_operand_that_does_not_exist_is_told_with_the_name_of_the_op) {
  Tape tape;
  const Var x = tape.leaf(Tensor(1.0));
  const auto names_add = [](const StateError& e) { return says(e, "add: an operand is a Var"); };
  BOOST_CHECK_EXCEPTION(x + Var{}, StateError, names_add);
  BOOST_CHECK_EXCEPTION(Var{} + x, StateError, names_add);
  BOOST_CHECK_EXCEPTION(Var{} + 1, StateError, names_add);
  BOOST_CHECK_EXCEPTION(1 + Var{}, StateError, names_add);
}

BOOST_AUTO_TEST_CASE(a_plan_knows_the_vars_it_was_compiled_from_and_no_others) {
  auto tape = std::make_unique<Tape>();
  const Var x = tape->leaf(Tensor(3.0)), y = x * x;
  const Plan plan{y};
  tape->clear();
  const Var other = tape->leaf(Tensor(4.0));
  BOOST_TEST(other.index() == x.index());
  Workspace<double> ws(plan);
  const auto holds = [&] {
    ws.run();
    BOOST_TEST(ws[y][0] == 9);
    BOOST_TEST(plan.has_leaf(x));
    BOOST_TEST(!plan.has_leaf(other));
    BOOST_TEST(!plan.computes(other));
    BOOST_CHECK_THROW(static_cast<void>(ws.leaf(other)), StateError);
    BOOST_CHECK_THROW(static_cast<void>(ws[other]), StateError);
  };
  holds();
  tape.reset();
  holds();
  Tape next;  // where the first was, perhaps
  BOOST_TEST(!plan.has_leaf(next.leaf(Tensor(1.0))));
  holds();
}

BOOST_AUTO_TEST_CASE(a_plan_spans_records_from_before_and_after_a_scratch) {
  Tape tape;
  const Var x = tape.leaf(Tensor(3.0)), before = x * x;
  {
    const Tape::Scratch scratch(tape);
    before * 2;
  }
  const Var y = before + x;
  Workspace<double> ws(Plan{y, before});
  ws.run();
  BOOST_TEST(ws[before][0] == 9);
  BOOST_TEST(ws[y][0] == 12);
  ws.leaf(x)[0] = 1;
  ws.run();
  BOOST_TEST(ws[y][0] == 2);
}

BOOST_AUTO_TEST_CASE(a_workspace_is_not_read_before_its_first_run) {
  Tape tape;
  const Var x = tape.leaf(Tensor(3.0)), y = x * x, c = tape.constant(2.0) * 4;
  const Var label = tape.leaf(Tensor(Shape{1}, std::initializer_list<Index>{7}));
  Workspace<double> ws(Plan({y, c, label}, {.reuse_memory = false}));
  const auto unread = [](const StateError& e) { return says(e, "is read before the first run"); };
  BOOST_CHECK_EXCEPTION(static_cast<void>(ws[y]), StateError, unread);
  BOOST_CHECK_EXCEPTION(static_cast<void>(ws.tensor(y)), StateError, unread);
  BOOST_CHECK_THROW(ws.rerun(x), StateError);
  // There from the start: leaves, and what depends on constants alone.
  BOOST_TEST(std::as_const(ws)[x][0] == 3);
  BOOST_TEST(ws.indices(label)[0] == 7);
  BOOST_TEST(ws[c][0] == 8);
  ws.run();
  BOOST_TEST(ws[y][0] == 9);
}

BOOST_AUTO_TEST_CASE(a_tensor_that_was_moved_from_has_no_elements) {
  Tensor t(Shape{2}, {1, 2});
  const Tensor taken = std::move(t);
  BOOST_TEST(taken.data<double>()[1] == 2);
  BOOST_TEST(to_string(t.shape()) == "(0)");
  BOOST_TEST(t.size() == 0);
  BOOST_TEST(t.data<double>().empty());
  BOOST_CHECK_THROW(static_cast<void>(t.item()), ShapeError);
  const Tensor copy = t;
  BOOST_TEST((copy == t));
  BOOST_TEST(t.to(DType::float32).size() == 0);
  BOOST_TEST((t.reshaped({0, 3}).shape() == Shape{0, 3}));
  Tape tape;
  BOOST_TEST(tape.leaf(t).size() == 0);
  Tensor assigned;
  assigned = std::move(t);
  BOOST_TEST(assigned.size() == 0);
  t = taken;
  BOOST_TEST(t.data<double>()[0] == 1);
}

BOOST_AUTO_TEST_CASE(a_tensor_is_made_from_numbers_without_points) {
  const Tensor t(Shape{2}, {1, 2});
  BOOST_TEST(to_string(t.dtype()) == "float64");
  BOOST_TEST(t.data<double>()[0] == 1);
  BOOST_TEST(t.data<double>()[1] == 2);
  const Tensor mixed(Shape{2}, {1, 2.5});
  BOOST_TEST(mixed.data<double>()[1] == 2.5);
}

BOOST_AUTO_TEST_CASE(a_plan_or_workspace_that_was_moved_from_says_so) {
  Tape tape;
  const Var x = tape.leaf(Tensor(3.0)), y = x * x;
  Plan plan{y};
  const Plan kept = std::move(plan);
  BOOST_CHECK_THROW(static_cast<void>(plan.step_count()), StateError);
  BOOST_CHECK_THROW(static_cast<void>(plan.has_leaf(x)), StateError);
  BOOST_CHECK_THROW(Workspace<double>{plan}, StateError);
  Workspace<double> ws(kept);
  ws.run();
  Workspace<double> taken = std::move(ws);
  BOOST_TEST(taken[y][0] == 9);
  BOOST_CHECK_THROW(ws.run(), StateError);
  BOOST_CHECK_THROW(ws.settle(), StateError);
  BOOST_CHECK_THROW(ws.rerun(x), StateError);
  BOOST_CHECK_THROW(ws.set(x, Tensor(1.0)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(ws.leaf(x)), StateError);
  BOOST_CHECK_THROW(static_cast<void>(ws[y]), StateError);
  BOOST_CHECK_THROW(static_cast<void>(ws.tensor(y)), StateError);
}

// The memory of a temporary is gone at the end of the line: that does not compile.
template <class T>
concept GivesData = requires {
  std::declval<T>().template data<double>();
};
static_assert(GivesData<Tensor&> && GivesData<const Tensor&>);
static_assert(!GivesData<Tensor> && !GivesData<const Tensor>);
template <class W>
concept GivesElements = requires(Var v) {
  std::declval<W>()[v];
};
static_assert(GivesElements<Workspace<double>&> && GivesElements<const Workspace<double>&>);
static_assert(!GivesElements<Workspace<double>>);
template <class W>
concept GivesLeaf = requires(Var v) {
  std::declval<W>().leaf(v);
};
static_assert(GivesLeaf<Workspace<double>&> && !GivesLeaf<Workspace<double>>);

// No type of the library passes for a range whose size() is its length when it is not.
static_assert(std::ranges::size(Shape{}) == 0);
static_assert(std::ranges::size(Axes{}) == 0 && std::ranges::sized_range<Axes>);
static_assert(std::ranges::forward_range<Types> && std::ranges::sized_range<Types>);
static_assert(!std::ranges::range<Tensor> && !std::ranges::range<Var>);
// Comparing Vars records: they are neither equal nor ordered as C++ objects.
static_assert(!std::equality_comparable<Var> && !std::totally_ordered<Var>);
BOOST_AUTO_TEST_CASE(a_shape_is_a_range_of_its_dimensions) {
  const Shape shape{3, 4};
  BOOST_TEST(std::ranges::size(shape) == 2U);
  BOOST_TEST(std::ranges::distance(shape) == 2);
  BOOST_TEST(std::ranges::equal(shape, std::vector<Index>{3, 4}));
  BOOST_TEST(!std::ranges::equal(shape, Shape{3, 4, 1}));
  BOOST_TEST(std::ranges::equal(Shape{3}, Shape{3}));
}

namespace as_a_user {
using namespace dtheta;
Var deviation(Var x) { return stddev(x) + std::vector<double>{0}[0]; }
}  // namespace as_a_user

BOOST_AUTO_TEST_CASE(the_standard_deviation_has_a_name_of_its_own) {
  Tape tape;
  BOOST_TEST(as_a_user::deviation(tape.leaf(Tensor(Shape{2}, {1, -1}))).item() == std::sqrt(2.0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
