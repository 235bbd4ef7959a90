#include "gradcheck/gtest.hpp"

#include "tests/frameworks/cases.hpp"

namespace fc = framework_cases;
using dtheta::gradcheck::RowMajor;

TEST(Right, Gradient) { EXPECT_GRADIENT(fc::cost, fc::gradient, fc::theta); }
TEST(Right, Jacobian) { EXPECT_JACOBIAN(fc::residuals, RowMajor(fc::jacobian), fc::theta); }

TEST(Right, OneLine) {
  using namespace framework_cases;
  const Vector& x = theta;
  EXPECT_GRADIENT(cost, gradient, theta);
  EXPECT_JACOBIAN(residuals, RowMajor(jacobian), x);
}

TEST(Wrong, Gradient) { EXPECT_GRADIENT(fc::cost, fc::wrong_gradient, fc::theta) << "and more"; }
TEST(Wrong, Jacobian) {
  EXPECT_JACOBIAN(fc::residuals, RowMajor(fc::wrong_jacobian), fc::theta, fc::many_blocks());
}
TEST(Wrong, Ends) {
  ASSERT_GRADIENT(fc::cost, fc::wrong_gradient, fc::theta);
  std::puts("went on");
}
