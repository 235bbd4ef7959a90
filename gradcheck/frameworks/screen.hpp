#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck {

/// The beginning of a report that fits on a screen: at most 40 lines of 160 characters, and a line
/// that says how many were left out. Where lines are broken after fewer characters, each counts as
/// those that it becomes.
std::string one_screen(std::string_view report, std::size_t broken_after = 160);

/// What the headers for test frameworks (gtest.hpp, catch2.hpp, doctest.hpp) hand on: whether it
/// passed, and what to print where it did not.
struct TestOutcome {
  bool passed = false;
  std::string report{};
};

/// check() for a test framework. Throws as it does.
TestOutcome test_gradient(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const Options& options = {});
TestOutcome test_gradient(const Cost& cost, const Gradient& gradient, std::span<const double> theta,
                          const Options& options = {});

/// check_jacobian() for a test framework. Throws as it does.
TestOutcome test_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                          const ParameterVector& x, const JacobianOptions& options = {});
TestOutcome test_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                          std::span<const double> x, const JacobianOptions& options = {});

}  // namespace dtheta::gradcheck
