// Reductions and ops that move elements, called wrongly.
#include "core.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta::wrong_calls {
namespace {

namespace data = boost::unit_test::data;

using Reduce = Var (*)(Arg, Axes, bool);
using ReduceAll = Var (*)(Arg);

/// `named`: what the messages call the op, where it is made of another.
void reduction(List& list, const std::string& op, Reduce f, ReduceAll all, const std::string& named,
               bool needs_elements) {
  const auto along = [f](Axes axes) {
    return [=](Operands& o) { return f(o.real({2, 3}), axes, false); };
  };
  list.push_back({op, "an axis behind the last", along({2}), "shape", {named, "axis 2", "2 axes"}});
  list.push_back(
      {op, "an axis before the first", along({-3}), "shape", {named, "axis -3", "2 axes"}});
  list.push_back({op, "an axis named twice", along({1, -1}), "shape", {named, "(1, -1)", "twice"}});
  list.push_back({op,
                  "indices",
                  [all](Operands& o) {
                    return all(o.index({2, 3}));
                  },
                  "type",
                  {named, "(2, 3)"}});
  list.push_back({op, "a number", [all](Operands&) { return all(3); }, "state", {}});
  if (!needs_elements) return;
  list.push_back({op,
                  "no elements",
                  [all](Operands& o) {
                    return all(o.real({2, 0}));
                  },
                  "shape",
                  {named, "(2, 0)"}});
  list.push_back({op,
                  "no elements along an axis",
                  [f](Operands& o) {
                    return f(o.real({2, 0}), 1, true);
                  },
                  "shape",
                  {named, "(2, 0)"}});
}

void along_axis(List& list, const std::string& op, Var (*f)(Arg, int)) {
  list.push_back({op,
                  "an axis behind the last",
                  [f](Operands& o) {
                    return f(o.real({2, 3}), 2);
                  },
                  "shape",
                  {op, "axis 2", "2 axes"}});
  list.push_back({op,
                  "a scalar",
                  [f](Operands& o) { return f(o.real({}), -1); },
                  "shape",
                  {op, "axis -1", "0 axes"}});
  list.push_back(
      {op, "indices", [f](Operands& o) { return f(o.index({3}), 0); }, "type", {op, "(3)"}});
}

List reductions() {
  List list;
  reduction(list, "sum", sum, sum, "sum", false);
  reduction(list, "mean", mean, mean, "", false);
  reduction(list, "max", max, max, "max", true);
  reduction(list, "min", min, min, "min", true);
  reduction(list, "logsumexp", logsumexp, logsumexp, "logsumexp", false);
  along_axis(list, "softmax", softmax);
  along_axis(list, "log_softmax", log_softmax);
  return list;
}

List shapes() {
  List list;
  const auto add = [&](const char* op, const char* what, const char* type,
                       std::vector<std::string> named, Call call) {
    named.emplace_back(op);
    list.push_back({op, what, std::move(call), type, std::move(named)});
  };
  add("reshape", "another size", "shape", {"(2, 3)", "(4)"}, [](Operands& o) {
    return reshape(o.real({2, 3}), {4});
  });
  add("reshape", "a rest that does not divide", "shape", {"(2, 3)", "(4, -1)"}, [](Operands& o) {
    return reshape(o.real({2, 3}), {4, -1});
  });
  add("reshape", "a rest of nothing", "shape", {"(0)", "(0, -1)"}, [](Operands& o) {
    return reshape(o.real({0}), {0, -1});
  });
  add("flatten", "axes the wrong way round", "shape", {"(2, 3)"}, [](Operands& o) {
    return flatten(o.real({2, 3}), 1, 0);
  });
  add("flatten", "a first axis out of range", "shape", {"axis 2"}, [](Operands& o) {
    return flatten(o.real({2, 3}), 2);
  });
  add("flatten", "a last axis out of range", "shape", {"axis -3"}, [](Operands& o) {
    return flatten(o.real({2, 3}), 0, -3);
  });
  add("squeeze", "an axis that is not 1", "shape", {"(1, 3)", "axis 1", "3"}, [](Operands& o) {
    return squeeze(o.real({1, 3}), 1);
  });
  add("squeeze", "an axis out of range", "shape", {"axis 2"}, [](Operands& o) {
    return squeeze(o.real({1, 3}), 2);
  });
  add("squeeze", "an axis named twice", "shape", {"twice"}, [](Operands& o) {
    return squeeze(o.real({1, 3}), {0, -2});
  });
  add("expand_dims", "an axis behind the new last", "shape", {"axis 3"}, [](Operands& o) {
    return expand_dims(o.real({2, 3}), 3);
  });
  add("expand_dims", "an axis before the new first", "shape", {"axis -4"}, [](Operands& o) {
    return expand_dims(o.real({2, 3}), -4);
  });
  add("permute", "too few axes", "shape", {"(2, 3)", "1 axes"}, [](Operands& o) {
    return permute(o.real({2, 3}), {0});
  });
  add("permute", "an axis twice", "shape", {"(1, 1)", "twice"}, [](Operands& o) {
    return permute(o.real({2, 3}), {1, 1});
  });
  add("permute", "an axis out of range", "shape", {"axis 2"}, [](Operands& o) {
    return permute(o.real({2, 3}), {0, 2});
  });
  add("swap_axes", "a first axis out of range", "shape", {"axis 2"}, [](Operands& o) {
    return swap_axes(o.real({2, 3}), 2, 0);
  });
  add("swap_axes", "a second axis out of range", "shape", {"axis -3"}, [](Operands& o) {
    return swap_axes(o.real({2, 3}), 0, -3);
  });
  add("swap_axes", "a scalar", "shape", {"0 axes"},
      [](Operands& o) { return swap_axes(o.real({}), 0, 0); });
  add("concat", "nothing", "shape", {"empty"}, [](Operands&) { return concat({}); });
  add("concat", "another length elsewhere", "shape", {"(2, 3)", "(2, 4)", "0"}, [](Operands& o) {
    return concat({o.real({2, 3}), o.real({2, 4})});
  });
  add("concat", "another rank", "shape", {"(2, 3)", "(3)"}, [](Operands& o) {
    return concat({o.real({2, 3}), o.real({3})});
  });
  add("concat", "an axis out of range", "shape", {"axis 2"}, [](Operands& o) {
    return concat({o.real({2, 3}), o.real({2, 3})}, 2);
  });
  add("concat", "two tapes", "state", {"tapes"}, [](Operands& o) {
    return concat({o.real({2}), o.foreign({2})});
  });
  add("slice", "a step of zero", "value", {"step"}, [](Operands& o) {
    return slice(o.real({4}), 0, {0, 2, 0});
  });
  add("slice", "an axis out of range", "shape", {"axis 1"},
      [](Operands& o) { return slice(o.real({4}), 1, {}); });
  add("slice", "a scalar", "shape", {"0 axes"},
      [](Operands& o) { return slice(o.real({}), 0, {}); });
  add("select", "a position behind the last", "value", {"4", "(4)"},
      [](Operands& o) { return select(o.real({4}), 0, 4); });
  add("select", "a position before the first", "value", {"-5", "(4)"},
      [](Operands& o) { return select(o.real({4}), 0, -5); });
  add("select", "an axis out of range", "shape", {"axis 1"},
      [](Operands& o) { return select(o.real({4}), 1, 0); });
  add("broadcast_to", "a shape it does not fit", "shape", {"(3)", "(2, 4)"}, [](Operands& o) {
    return broadcast_to(o.real({3}), {2, 4});
  });
  add("broadcast_to", "fewer axes", "shape", {"(2, 3)", "(3)"}, [](Operands& o) {
    return broadcast_to(o.real({2, 3}), {3});
  });
  add("broadcast_to", "an axis that is not 1", "shape", {"(2)", "(1)"},
      [](Operands& o) { return broadcast_to(o.real({2}), {1}); });
  add("sum_to", "a shape that does not fit", "shape", {"(4)", "(2, 3)"}, [](Operands& o) {
    return sum_to(o.real({2, 3}), {4});
  });
  add("sum_to", "more axes", "shape", {"(1, 3)", "(3)"}, [](Operands& o) {
    return sum_to(o.real({3}), {1, 3});
  });
  return list;
}

const List all = joined({reductions(), shapes()});

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_core_shapes)

BOOST_DATA_TEST_CASE(is_refused_by_name, data::make(all), wrong) { expect_refusal(wrong); }

BOOST_AUTO_TEST_CASE(each_op_has_three_wrong_calls) {
  expect_three_of_each(all, {{"expand_dims", 2}, {"sum_to", 2}});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::wrong_calls
