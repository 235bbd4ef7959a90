#include "gradcheck/bridge/self_test.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/registry.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::gradcheck {
namespace {

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpRecord* op : all_ops()) names.emplace_back(op->info.name);
  return names;
}

/// A user's own op, right. d erf-like: d(x exp(-x^2)) = (1 - 2 x^2) exp(-x^2) dx
struct Bump : Unary<Bump> {
  static constexpr OpInfo info{.name = "bump", .analytic = true};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::exp;
    return x * exp(-x * x);
  }
  static Var slope(Var x, Var) { return (1 - 2 * square(x)) * exp(-square(x)); }
};

// The bugs people make:

/// A factor that is off in its seventh digit.
struct WrongFactor : Unary<WrongFactor> {
  static constexpr OpInfo info{.name = "wrong_factor"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::exp;
    return x * exp(-x * x);
  }
  static Var slope(Var x, Var) { return (1 - 1.999999 * square(x)) * exp(-square(x)); }
};

/// tanh' taken at the value's argument twice: 1 - tanh(tanh(x))^2.
struct WrongPoint : Unary<WrongPoint> {
  static constexpr OpInfo info{.name = "wrong_point"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var slope(Var, Var y) { return 1 - square(tanh(y)); }
};

/// A constant written as a double: right in double, wrong in every wider scalar.
struct DoubleConstant : Unary<DoubleConstant> {
  static constexpr OpInfo info{.name = "double_constant"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * T(1) / T(3);
  }
  static Var slope(Var x, Var) { return x.tape().constant(1.0 / 3.0); }
};

/// A slope whose own derivative is cut off: first order right, second order wrong.
struct WrongSecond : Unary<WrongSecond> {
  static constexpr OpInfo info{.name = "wrong_second"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * x * x;
  }
  static Var slope(Var x, Var) { return 3 * square(x.tape().constant(x.value())); }
};

/// A forward mode that disagrees with the reverse mode.
struct WrongForward : Unary<WrongForward> {
  static constexpr OpInfo info{.name = "wrong_forward"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * x;
  }
  static Var slope(Var x, Var) { return 2 * x; }
  static Var jvp(const Primal& p, std::span<const Var> t) { return 1.5 * p[0] * t[0]; }
};

/// A subgradient outside the two slopes.
struct WrongCorner : Unary<WrongCorner> {
  static constexpr OpInfo info{.name = "wrong_corner"};
  static constexpr Domain domain{-2, 2};
  static constexpr std::array corners{0.0};
  template <class T>
  static T value(T x) {
    return x < T(0) ? -x : x;
  }
  static Var slope(Var x, Var) { return sign(x) + 2 * equal(x, 0); }
};

bool mentions(const OpReport& report, std::string_view text) {
  for (const OpFailure& f : report.failures) {
    if (f.what.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(self_test_suite)

BOOST_DATA_TEST_CASE(every_op_passes_its_self_test, boost::unit_test::data::make(op_names()),
                     name) {
  BOOST_TEST(self_test(find_op(name)));
}

BOOST_AUTO_TEST_CASE(a_users_op_is_tested_by_the_same_call) { BOOST_TEST(self_test<Bump>()); }

BOOST_AUTO_TEST_CASE(planted_bugs_are_found) {
  BOOST_TEST(mentions(self_test<WrongFactor>(), "gradient in double"));
  BOOST_TEST(mentions(self_test<WrongPoint>(), "double check"));
  BOOST_TEST(mentions(self_test<DoubleConstant>(), "gradient in quad"));
  BOOST_TEST(!mentions(self_test<DoubleConstant>(), "gradient in double"));
  BOOST_TEST(mentions(self_test<WrongSecond>(), "second derivative"));
  BOOST_TEST(!mentions(self_test<WrongSecond>(), "gradient in"));
  BOOST_TEST(mentions(self_test<WrongForward>(), "forward mode"));
  BOOST_TEST(mentions(self_test<WrongCorner>(), "on a corner"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
