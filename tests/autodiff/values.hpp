#pragma once

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"

/// Short forms for tests that compare values with a table.
namespace dtheta::testing {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// A leaf with these elements.
inline Var vector(Tape& tape, const std::vector<double>& values) {
  return tape.leaf(Tensor(Shape{static_cast<Index>(values.size())}, std::span(values)));
}
inline Var matrix(Tape& tape, Index rows, Index columns, const std::vector<double>& values) {
  return tape.leaf(Tensor(Shape{rows, columns}, std::span(values)));
}
inline Var indices(Tape& tape, std::initializer_list<Index> values) {
  return tape.leaf(Tensor(Shape{static_cast<Index>(values.size())}, values));
}

using UnaryFunction = std::function<Var(Var)>;

/// f(x) and f'(x) of a function of one number.
inline double value_at(const UnaryFunction& f, double x) {
  Tape tape;
  return f(tape.leaf(Tensor(x))).item();
}
inline double slope_at(const UnaryFunction& f, double x) {
  Tape tape;
  const Var leaf = tape.leaf(Tensor(x));
  return grad(f(leaf), leaf).item();
}

/// Equal up to `ulps` units in the last place of a double; NaN equals NaN.
inline bool near(double a, double b, double ulps = 4) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= ulps * 0x1p-52 * std::abs(b) ||
         std::abs(a - b) < std::numeric_limits<double>::min();
}

/// Checks every element, row-major.
inline void expect_values(Var v, const std::vector<double>& expected, double ulps = 4) {
  const auto values = v.data<double>();
  BOOST_REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(near(values[i], expected[i], ulps),
               "element " << i << ": " << values[i] << " != " << expected[i]);
  }
}
inline void expect_indices(Var v, const std::vector<Index>& expected) {
  const auto values = v.data<Index>();
  BOOST_TEST(std::vector<Index>(values.begin(), values.end()) == expected,
             boost::test_tools::per_element());
}

}  // namespace dtheta::testing
