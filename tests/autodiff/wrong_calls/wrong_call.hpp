#pragma once

#include <boost/test/unit_test.hpp>

#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"

namespace dtheta::testing {

/// The operands of a wrong call.
class Operands {
 public:
  explicit Operands(Tape& tape) : tape_(tape) {}
  Var operator()(std::initializer_list<Index> dims) const {
    return tape_.leaf(Tensor(Shape(dims)));
  }
  [[nodiscard]] Var index(std::initializer_list<Index> dims) const {
    return tape_.leaf(Tensor(Shape(dims), DType::int64));
  }
  [[nodiscard]] Tape& tape() const { return tape_; }

 private:
  Tape& tape_;
};

struct WrongCall {
  std::string op;                     // what the message begins with
  std::vector<std::string> mentions;  // and what it says, too
  std::function<void(const Operands&)> call;
  friend std::ostream& operator<<(std::ostream& out, const WrongCall& c) {
    out << c.op;
    for (const std::string& m : c.mentions) out << " " << m;
    return out;
  }
};

inline void expect_refusal(const WrongCall& c) {
  Tape tape;
  try {
    c.call(Operands(tape));
    BOOST_ERROR(c.op << ": the call is not refused");
  } catch (const std::invalid_argument& e) {
    const std::string message = e.what();
    BOOST_TEST_INFO(message);
    BOOST_TEST(message.rfind(c.op + ":", 0) == 0U);
    for (const std::string& m : c.mentions) {
      BOOST_TEST_INFO(message);
      BOOST_TEST(message.find(m) != std::string::npos);
    }
  }
}

}  // namespace dtheta::testing
