#pragma once

/// Gradients and Jacobians in Catch2, version 2 or 3. Macros, because a framework names the line
/// they stand on.
///
///   EXPECT_GRADIENT(cost, gradient, theta[, options]);
///   EXPECT_JACOBIAN(f, jacobian, x[, options]);
///
/// REQUIRE_ instead of EXPECT_ ends the test. The report is printed where they do not pass, and no
/// more of it than a screen: Catch2 breaks lines to fit into 80 columns.

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "gradcheck/frameworks/screen.hpp"

#define DTHETA_CATCH2(assertion, what, ...)                             \
  do {                                                                  \
    const auto dtheta_outcome = ::dtheta::gradcheck::what(__VA_ARGS__); \
    const bool right = dtheta_outcome.passed;                           \
    INFO(::dtheta::gradcheck::one_screen(dtheta_outcome.report, 76));   \
    assertion(right);                                                   \
  } while (false)

#define EXPECT_GRADIENT(...) DTHETA_CATCH2(CHECK, test_gradient, __VA_ARGS__)
#define REQUIRE_GRADIENT(...) DTHETA_CATCH2(REQUIRE, test_gradient, __VA_ARGS__)
#define EXPECT_JACOBIAN(...) DTHETA_CATCH2(CHECK, test_jacobian, __VA_ARGS__)
#define REQUIRE_JACOBIAN(...) DTHETA_CATCH2(REQUIRE, test_jacobian, __VA_ARGS__)
