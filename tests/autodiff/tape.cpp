#include "autodiff/tape.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor ramp(const Shape& shape) {
  Tensor t(shape);
  double next = 0;
  for (double& v : t.data<double>()) v = next++;
  return t;
}

bool is_here(const SourceLocation& where, unsigned line) {
  return std::string_view(where.file_name()).ends_with("tests/autodiff/tape.cpp") &&
         where.line() == line;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tape_suite)

BOOST_AUTO_TEST_CASE(equal_numbers_are_one_constant) {
  Tape tape;
  const Var two = tape.constant(2.0);
  BOOST_TEST(tape.constant(2.0).is(two));
  BOOST_TEST(!tape.constant(3.0).is(two));
  BOOST_TEST(!tape.constant(0.0).is(tape.constant(-0.0)));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(tape.constant(nan).is(tape.constant(nan)));
  const Var x = tape.leaf(Tensor(1.0));
  const std::uint32_t before = tape.size();
  const Var y = (x + 2) * 2 - 2;
  BOOST_TEST(tape.size() == before + 3);  // the ops alone
  BOOST_TEST(y.item() == 4.0);
}

BOOST_AUTO_TEST_CASE(every_record_knows_its_line) {
  Tape tape;
  const Var x = tape.leaf(ramp({2, 3}), "x");
  const unsigned leaf_line = __LINE__ - 1;
  const Var c = tape.constant(ramp({3}));
  const Var y = 2 * x + c;
  const unsigned sum_line = __LINE__ - 1;
  const Var z = matmul(y,  //
                       transpose(x));
  const Var d = dropout_mask(tape, {3}, 0.5, {1, 1});
  BOOST_TEST(is_here(tape.node(x).where, leaf_line));
  BOOST_TEST(is_here(tape.node(c).where, leaf_line + 2));
  BOOST_TEST(is_here(tape.node(y).where, sum_line));
  BOOST_TEST(is_here(tape.node(tape.inputs(y.index())[0]).where, sum_line));
  BOOST_TEST(is_here(tape.node(z).where, sum_line + 2));
  BOOST_TEST(is_here(tape.node(d).where, sum_line + 4));
  BOOST_TEST(tape.name(x.index()) == "x");
  BOOST_TEST(tape.name(c.index()) == "");
}

BOOST_AUTO_TEST_CASE(records_stay_where_they_are_while_more_are_recorded) {
  // Whoever holds the shape of one value while recording the next must not read freed memory.
  Tape tape;
  const Var x = tape.leaf(ramp({2, 3}));
  const Shape* shape = &x.shape();
  const double* data = x.data<double>().data();
  for (int i = 0; i < 10000; ++i) static_cast<void>(x + 1);
  BOOST_TEST(&x.shape() == shape);
  BOOST_TEST(x.data<double>().data() == data);
}

BOOST_AUTO_TEST_CASE(a_view_shares_the_memory_of_what_it_shows) {
  Tape tape;
  const Var x = tape.leaf(ramp({100, 100}));
  const std::size_t before = tape.memory();
  Var y = x;
  for (int i = 0; i < 100; ++i) y = reshape(reshape(y, {10000}), {100, 100});
  BOOST_TEST(y.data<double>().data() == x.data<double>().data());
  BOOST_TEST((y.value() == x.value()));
  // 200 views of 80,000 bytes each would be 16 MB; their records are some hundred bytes.
  BOOST_TEST(tape.memory() - before < 200 * 1000u);
  BOOST_TEST(grad(sum(square(y)), x).data<double>()[7] == 14.0);
}

BOOST_AUTO_TEST_CASE(values_are_kept_in_the_precision_of_the_tape) {
  Tape narrow(DType::float32);
  const Var x = narrow.leaf(Tensor(0.1));
  BOOST_TEST(x.data<float>()[0] == 0.1f);
  BOOST_TEST((x * 3).data<float>()[0] == 0.1f * 3.0f);
  BOOST_CHECK_THROW(static_cast<void>(x.data<double>()), TypeError);
  const Var labels = narrow.leaf(Tensor(Shape{2}, std::initializer_list<Index>{1, 2}));
  BOOST_TEST(labels.is_index());
  BOOST_TEST(labels.data<Index>()[1] == 2);
  BOOST_CHECK_THROW(Tape{DType::int64}, TypeError);
}

BOOST_AUTO_TEST_CASE(a_leaf_is_a_copy_and_so_is_a_value) {
  Tape tape;
  Tensor t = ramp({3});
  const Var x = tape.leaf(t);
  t.data<double>()[0] = 9;
  BOOST_TEST(x.data<double>()[0] == 0.0);
  Tensor value = x.value();
  value.data<double>()[1] = 9;
  BOOST_TEST(x.data<double>()[1] == 1.0);
}

BOOST_AUTO_TEST_CASE(a_branch_on_a_recorded_value_is_noted) {
  Tape tape;
  const Var x = tape.leaf(Tensor(2.0)), y = tape.leaf(Tensor(-1.0));
  if (x > 1) static_cast<void>(x + y);
  if (y > 0) static_cast<void>(x - y);
  BOOST_REQUIRE(tape.guards().size() == 2u);
  BOOST_TEST(tape.guards()[0].taken);
  BOOST_TEST(!tape.guards()[1].taken);
  const Var many = tape.leaf(ramp({2}));
  BOOST_CHECK_THROW(static_cast<void>(static_cast<bool>(many)), ShapeError);
  BOOST_TEST(tape.guards().size() == 2u);

  const Var z = x * y;
  const unsigned branch_line = tape.node(tape.guards()[0].node).where.line();
  Workspace<double> ws(Plan{z});
  ws.leaf(x)[0] = 1.5;
  BOOST_CHECK_NO_THROW(ws.run());
  ws.leaf(x)[0] = 0.5;
  BOOST_CHECK_EXCEPTION(ws.run(), GuardError, [&](const GuardError& e) {
    const std::string where = "tape.cpp:" + std::to_string(branch_line);
    return std::string_view(e.what()).find(where) != std::string_view::npos;
  });
}

BOOST_AUTO_TEST_CASE(the_step_is_one_leaf_that_random_ops_share) {
  Tape tape;
  BOOST_TEST(!tape.step_if_used().exists());
  const Var a = uniform_noise(tape, {3}, {1, 1}), b = uniform_noise(tape, {3}, {1, 2});
  BOOST_TEST(tape.inputs(a.index())[0] == tape.inputs(b.index())[0]);
  BOOST_TEST(tape.step_if_used().is(tape.step()));
  tape.clear();
  BOOST_TEST(!tape.step_if_used().exists());
}

BOOST_AUTO_TEST_CASE(tapes_of_different_threads_do_not_meet) {
  std::vector<double> results(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < results.size(); ++t) {
      threads.emplace_back([&results, t] {
        Tape tape;
        const Var x = tape.leaf(Tensor(static_cast<double>(t)));
        Var y = x;
        for (int i = 0; i < 1000; ++i) y = y + x * 2;
        results[t] = grad(y, x).item();
      });
    }
  }
  for (const double r : results) BOOST_TEST(r == 2001.0);
}

BOOST_AUTO_TEST_CASE(operands_of_two_tapes_and_of_none_are_refused) {
  Tape tape, other;
  const Var x = tape.leaf(Tensor(1.0)), y = other.leaf(Tensor(1.0));
  BOOST_CHECK_THROW(static_cast<void>(x + y), StateError);
  BOOST_CHECK_THROW(static_cast<void>(add(1, 2)), StateError);
  BOOST_TEST(tape.size() == 1u);  // nothing half-recorded
}

BOOST_AUTO_TEST_CASE(an_op_that_throws_leaves_the_tape_as_it_was) {
  Tape tape;
  const Var x = tape.leaf(ramp({3})), y = tape.leaf(ramp({2}));
  const Var z = x * 2;
  const std::uint32_t before = tape.size();
  BOOST_CHECK_THROW(static_cast<void>(x + y), ShapeError);
  BOOST_TEST(tape.size() == before);
  BOOST_TEST((grad(sum(z), x).value() == Tensor(Shape{3}, {2.0, 2.0, 2.0})));
}

BOOST_AUTO_TEST_CASE(scratch_leaves_no_trace) {
  Tape tape;
  const Var x = tape.leaf(Tensor(2.0), "x");
  const Var y = x * 3;
  const std::uint32_t size = tape.size();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const Tape::Scratch scratch(tape);
    const Var g = grad(y * 0.25 * tape.leaf(Tensor(4.0), "z"), x);
    BOOST_TEST(g.item() == 3.0);
    BOOST_TEST(bool(g > 1));
  }
  BOOST_TEST(tape.size() == size);
  BOOST_TEST(tape.guards().empty());
  BOOST_TEST(tape.name(x.index()) == "x");
  BOOST_TEST((x * 3).item() == 6.0);     // a constant from before is still known
  BOOST_TEST((y * 0.25).item() == 1.5);  // one from within is recorded anew
  BOOST_TEST(grad(y, x).item() == 3.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
