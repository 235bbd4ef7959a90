#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_MAIN
#endif
#include "gradcheck/catch2.hpp"

#include <cstdio>

#include "tests/frameworks/cases.hpp"

namespace fc = framework_cases;
using dtheta::gradcheck::RowMajor;

TEST_CASE("Right.Gradient") { EXPECT_GRADIENT(fc::cost, fc::gradient, fc::theta); }
TEST_CASE("Right.Jacobian") { EXPECT_JACOBIAN(fc::residuals, RowMajor(fc::jacobian), fc::theta); }

TEST_CASE("Wrong.Gradient") { EXPECT_GRADIENT(fc::cost, fc::wrong_gradient, fc::theta); }
TEST_CASE("Wrong.Jacobian") {
  EXPECT_JACOBIAN(fc::residuals, RowMajor(fc::wrong_jacobian), fc::theta, fc::many_blocks());
}
TEST_CASE("Wrong.Ends") {
  REQUIRE_GRADIENT(fc::cost, fc::wrong_gradient, fc::theta);
  std::puts("went on");
}
