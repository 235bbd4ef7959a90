#include "tests/autodiff/simd/reference.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using simd_reference::ForcedTarget;
using simd_reference::Unary;

template <class T>
void check_function(const Unary& f) {
  const auto x = simd_reference::points<T>(f.lo, f.hi, 4000);
  const auto exact = simd_reference::exact_values(f, x);
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    const auto worst = simd_reference::worst_error(f.get<T>(), x, exact);
    BOOST_TEST(worst.ulp <= f.bound, f.name << (sizeof(T) == 4 ? " float" : " double") << " on "
                                            << hwy::TargetName(target) << ": " << worst.ulp
                                            << " ulp at " << worst.x << ", got " << worst.got);
  }
}

BOOST_AUTO_TEST_SUITE(simd_accuracy_suite)

// Covers infinities, NaN, the sign of zero and subnormals too: a special value that differs from
// that of the exact function counts as an infinite error.
BOOST_AUTO_TEST_CASE(every_function_is_within_its_bound_on_every_instruction_set) {
  for (const Unary& f : simd_reference::functions()) {
    check_function<float>(f);
    check_function<double>(f);
  }
}

/// Tiny arguments come back as they are, down to the last subnormal.
BOOST_AUTO_TEST_CASE(subnormals_are_not_flushed) {
  namespace s = dtheta::simd;
  const std::vector<simd_reference::UnaryFunction<double>> identities{
      s::expm1, s::log1p, s::tanh, s::sinh, s::asinh, s::atanh, s::sin, s::asin, s::atan};
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (const auto f : identities) {
      for (double x : {5e-324, -5e-324, 3e-320, 2.2250738585072014e-308}) {
        double y = 0;
        f(&x, &y, 1);
        BOOST_TEST(y == x);
      }
    }
    const double tiny = 5e-324, zero = 0;
    double y = 0;
    s::add(&tiny, &zero, &y, 1);
    BOOST_TEST(y == tiny);
    s::relu(&tiny, &y, 1);
    BOOST_TEST(y == tiny);
  }
}

/// Where the result underflows although no factor of it does.
BOOST_AUTO_TEST_CASE(tails_keep_their_digits) {
  namespace s = dtheta::simd;
  double x = -740, y = 0;
  s::silu(&x, &y, 1);
  BOOST_TEST(y == -740 * std::exp(-740.0), boost::test_tools::tolerance(0.01));
  x = -38;
  s::gelu(&x, &y, 1);
  BOOST_TEST(y == -19 * std::erfc(38 / std::sqrt(2.0)), boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
