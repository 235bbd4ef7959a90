#pragma once

#include <boost/test/unit_test.hpp>
#include <exception>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

/// Calls that cannot be met, op by op: what is thrown, and what the message must name.
namespace dtheta::wrong_calls {

/// Operands to be wrong with; the name is the shape.
struct Operands {
  Tape tape, other;
  Var real(Shape s) { return tape.leaf(Tensor(s)); }
  Var index(Shape s) { return tape.leaf(Tensor(s, DType::int64)); }
  Var labels(std::initializer_list<Index> values) {
    return tape.leaf(Tensor(Shape{static_cast<Index>(values.size())}, values));
  }
  Var foreign(Shape s) { return other.leaf(Tensor(s)); }
};

using Call = std::function<Var(Operands&)>;

struct WrongCall {
  std::string op;
  std::string what;
  Call call;
  std::string type;  // shape, type, value or state
  std::vector<std::string> named;
};
inline std::ostream& operator<<(std::ostream& out, const WrongCall& c) {
  return out << c.op << ": " << c.what;
}
using List = std::vector<WrongCall>;

inline std::string type_of(const std::exception& e) {
  if (dynamic_cast<const ShapeError*>(&e) != nullptr) return "shape";
  if (dynamic_cast<const TypeError*>(&e) != nullptr) return "type";
  if (dynamic_cast<const ValueError*>(&e) != nullptr) return "value";
  if (dynamic_cast<const StateError*>(&e) != nullptr) return "state";
  return "another type";
}

/// The call throws an error of its type, whose message has all that it must name.
inline void expect_refusal(const WrongCall& wrong) {
  Operands operands;
  std::string type = "nothing was thrown", message;
  try {
    static_cast<void>(wrong.call(operands));
  } catch (const std::exception& e) {
    type = type_of(e);
    message = e.what();
  }
  BOOST_TEST(type == wrong.type, type << ": " << message);
  for (const std::string& part : wrong.named) {
    BOOST_TEST(message.find(part) != std::string::npos, part << " is not in: " << message);
  }
}

/// Three wrong calls for each op, or as many as there are ways to be wrong.
inline void expect_three_of_each(const List& list, const std::map<std::string, int>& fewer = {}) {
  std::map<std::string, int> count;
  for (const WrongCall& c : list) ++count[c.op];
  for (const auto& [op, n] : count) {
    BOOST_TEST(n >= (fewer.contains(op) ? fewer.at(op) : 3), op << ": " << n);
  }
}

inline List joined(const std::vector<List>& families) {
  List all;
  for (const List& family : families) all.insert(all.end(), family.begin(), family.end());
  return all;
}

/// Wrong for any elementwise op of two.
inline void two_operands(List& list, const std::string& op, Var (*f)(Arg, Arg)) {
  list.push_back({op,
                  "shapes that do not broadcast",
                  [f](Operands& o) {
                    return f(o.real({2, 3}), o.real({4}));
                  },
                  "shape",
                  {"(2, 3)", "(4)", "3 != 4", "axis 1"}});
  list.push_back({op,
                  "leading axes that differ",
                  [f](Operands& o) {
                    return f(o.real({2, 3}), o.real({5, 3}));
                  },
                  "shape",
                  {"(2, 3)", "(5, 3)", "2 != 5", "axis 0"}});
  list.push_back({op,
                  "indices on the left",
                  [f](Operands& o) { return f(o.index({7}), o.real({7})); },
                  "type",
                  {"(7)"}});
  list.push_back({op,
                  "indices on the right",
                  [f](Operands& o) { return f(o.real({7}), o.index({7})); },
                  "type",
                  {"(7)"}});
  list.push_back({op,
                  "two tapes",
                  [f](Operands& o) { return f(o.real({7}), o.foreign({7})); },
                  "state",
                  {"tapes"}});
  list.push_back({op, "two numbers", [f](Operands&) { return f(1, 2); }, "state", {"tape"}});
}

}  // namespace dtheta::wrong_calls
