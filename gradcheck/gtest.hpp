#pragma once

/// Gradients and Jacobians in GoogleTest. Macros, because a framework names the line they stand on.
///
///   EXPECT_GRADIENT(cost, gradient, theta[, options]);
///   EXPECT_JACOBIAN(f, jacobian, x[, options]);
///
/// ASSERT_ instead of EXPECT_ ends the test. The report is printed where they do not pass, and no
/// more of it than a screen.

#include <gtest/gtest.h>

#include "gradcheck/frameworks/screen.hpp"

namespace dtheta::gradcheck::detail {

inline ::testing::AssertionResult gtest_result(const TestOutcome& outcome) {
  if (outcome.passed) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << '\n' << outcome.report;
}

}  // namespace dtheta::gradcheck::detail

#define EXPECT_GRADIENT(...) \
  EXPECT_TRUE(               \
      ::dtheta::gradcheck::detail::gtest_result(::dtheta::gradcheck::test_gradient(__VA_ARGS__)))
#define ASSERT_GRADIENT(...) \
  ASSERT_TRUE(               \
      ::dtheta::gradcheck::detail::gtest_result(::dtheta::gradcheck::test_gradient(__VA_ARGS__)))
#define EXPECT_JACOBIAN(...) \
  EXPECT_TRUE(               \
      ::dtheta::gradcheck::detail::gtest_result(::dtheta::gradcheck::test_jacobian(__VA_ARGS__)))
#define ASSERT_JACOBIAN(...) \
  ASSERT_TRUE(               \
      ::dtheta::gradcheck::detail::gtest_result(::dtheta::gradcheck::test_jacobian(__VA_ARGS__)))
