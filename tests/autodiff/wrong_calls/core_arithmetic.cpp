// Elementwise arithmetic, called wrongly.
#include "core.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/ops/elementwise/arithmetic.hpp"

namespace dtheta::wrong_calls {
namespace {

namespace data = boost::unit_test::data;

/// Wrong for any op of one real operand.
void one_operand(List& list, const std::string& op, Var (*f)(Arg)) {
  list.push_back({op,
                  "indices",
                  [f](Operands& o) {
                    return f(o.index({2, 3}));
                  },
                  "type",
                  {"(2, 3)"}});
  list.push_back(
      {op, "a single index", [f](Operands& o) { return f(o.index({})); }, "type", {"()"}});
  list.push_back({op, "a number", [f](Operands&) { return f(1.5); }, "state", {}});
}

void three_operands(List& list, const std::string& op, Var (*f)(Arg, Arg, Arg)) {
  list.push_back({op,
                  "a third shape that does not broadcast",
                  [f](Operands& o) {
                    return f(o.real({2, 3}), o.real({3}), o.real({4}));
                  },
                  "shape",
                  {"(2, 3)", "(4)"}});
  list.push_back({op,
                  "a first shape that does not broadcast",
                  [f](Operands& o) { return f(o.real({2}), o.real({3}), 1); },
                  "shape",
                  {"(2)", "(3)", "2 != 3"}});
  list.push_back({op,
                  "indices",
                  [f](Operands& o) { return f(o.real({3}), o.index({3}), 1); },
                  "type",
                  {"(3)"}});
  list.push_back({op,
                  "two tapes",
                  [f](Operands& o) { return f(o.real({3}), 1, o.foreign({3})); },
                  "state",
                  {"tapes"}});
}

List arithmetic() {
  List list;
  one_operand(list, "neg", neg);
  one_operand(list, "abs", abs);
  one_operand(list, "sign", sign);
  one_operand(list, "square", square);
  one_operand(list, "cube", cube);
  one_operand(list, "sqrt", sqrt);
  one_operand(list, "rsqrt", rsqrt);
  one_operand(list, "reciprocal", reciprocal);
  two_operands(list, "add", add);
  two_operands(list, "sub", sub);
  two_operands(list, "mul", mul);
  two_operands(list, "div", div);
  two_operands(list, "pow", pow);
  two_operands(list, "hypot", hypot);
  two_operands(list, "maximum", maximum);
  two_operands(list, "minimum", minimum);
  two_operands(list, "less", less);
  two_operands(list, "less_equal", less_equal);
  two_operands(list, "greater", greater);
  two_operands(list, "greater_equal", greater_equal);
  two_operands(list, "equal", equal);
  two_operands(list, "not_equal", not_equal);
  three_operands(list, "fma", fma);
  three_operands(list, "where", where);
  const auto limited = [](double low, double high) {
    return [=](Operands& o) { return clamp(o.real({3}), low, high); };
  };
  list.push_back({"clamp", "bounds the wrong way round", limited(2, 1), "value", {"2", "1"}});
  list.push_back(
      {"clamp", "a bound that is not a number", limited(std::nan(""), 1), "value", {"nan"}});
  list.push_back(
      {"clamp", "indices", [](Operands& o) { return clamp(o.index({3}), 0, 1); }, "type", {"(3)"}});
  return list;
}

const List all = joined({arithmetic()});

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_core_arithmetic)

BOOST_DATA_TEST_CASE(is_refused_by_name, data::make(all), wrong) { expect_refusal(wrong); }

BOOST_AUTO_TEST_CASE(each_op_has_three_wrong_calls) { expect_three_of_each(all); }

BOOST_DATA_TEST_CASE(messages_begin_with_the_name, data::make(all), wrong) {
  Operands operands;
  try {
    static_cast<void>(wrong.call(operands));
  } catch (const std::exception& e) {
    BOOST_TEST(std::string(e.what()).starts_with(wrong.op + ":"), e.what());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::wrong_calls
