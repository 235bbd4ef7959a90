// Costs that have one slope over wide steps and another from close by, or that stand still from close
// by: wrapped angles, saws and stairs, fast waves far from 0, numbers of less precision inside. A right
// gradient is not accused, and a forgotten one does not pass.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/report.hpp"

namespace dtheta::test {
namespace {

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using gc::Verdict;
using Span = std::span<const double>;
using Values = std::vector<double>;

/// J = f(theta[0]) + theta[1] / 2, with f' at theta[0].
struct Case {
  std::string name;
  std::function<double(double)> f;
  double at;
  double slope;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

double saw(double x) { return x - std::floor(x); }
double wrapped(double x) { return std::atan2(std::sin(x), std::cos(x)); }

std::vector<Case> cases() {
  const double k = 48.668506594453135, w0 = 261.0005798339844, w = 127.3503723005568;
  const double far = 944220.2096499843, noon = 1700006904.878, tick = 1.77924130346845e-06;
  const double tau = 1000000.125730221 - 1e6;
  return {
      {"saw", saw, 0.3, 1.0},
      {"wrapped angle", [](double x) { return wrapped(x - 0.4); }, 0.9, 1.0},
      {"saw at a time stamp", [](double x) { return saw(x / 7.0); }, noon, 1.0 / 7.0},
      {"fine saw", [=](double x) { return saw(x / tick); }, 1.0000002664613208, 1.0 / tick},
      {"stairs with a slope",
       [](double x) { return std::floor((x - 1.7e9) * 5.0) / 5.0 + 0.1 * (x - 1.7e9); },
       1.7e9 + 3.31, 0.1},
      {"sine of a cube far from 0", [](double x) { return std::sin(std::pow(x - 1e6, 3)); },
       1000000.125730221, 3.0 * tau * tau * std::cos(tau * tau * tau)},
      {"wave of a theta in float",
       [=](double x) { return std::sin(k * static_cast<double>(static_cast<float>(x))); }, w0,
       k * std::cos(k * w0)},
      {"wave far from 0", [=](double x) { return std::sin(w * x); }, far, w * std::cos(w * far)},
      {"compound interest", [](double x) { return std::pow(1.0 + x / 1e8, 1e8); },
       0.001611431520897273, std::exp(0.001611431520897273)},
  };
}

gc::Result judged(const Case& c, double claim) {
  const auto cost = [&](Span t) { return c.f(t[0]) + 0.5 * t[1]; };
  return gc::check(cost, Values{claim, 0.5}, Values{c.at, 0.4});
}

gc::JacobianResult judged_as_an_output(const Case& c, double claim) {
  const auto f = [&](Span t) { return Values{c.f(t[0]), 3.0 * t[1]}; };
  return gc::check_jacobian(f, gc::RowMajor(Values{claim, 0.0, 0.0, 3.0}), Values{c.at, 0.4});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(two_slopes)

BOOST_DATA_TEST_CASE(the_right_gradient_is_not_accused, data::make(cases()), c) {
  const auto result = judged(c, c.slope);
  BOOST_TEST((result.verdict != Verdict::fail), result);
}

BOOST_DATA_TEST_CASE(a_forgotten_gradient_does_not_pass, data::make(cases()), c) {
  const auto result = judged(c, 0.0);
  BOOST_TEST((result.verdict != Verdict::pass), result);
}

BOOST_DATA_TEST_CASE(nor_is_or_does_a_jacobian, data::make(cases()), c) {
  const auto right = judged_as_an_output(c, c.slope), zero = judged_as_an_output(c, 0.0);
  BOOST_TEST((right.verdict != Verdict::fail), right);
  BOOST_TEST((zero.verdict != Verdict::pass), zero);
}

// Noise of 1e-11 that only some entries stir: the numbers inside J are a million times J.
BOOST_AUTO_TEST_CASE(a_filter_with_a_diffuse_start_is_not_accused) {
  Values observed;
  double level = 0.0;
  for (int i = 0; i < 20; ++i) observed.push_back(level += std::sin(7.0 * i) + 0.3);
  const auto cost = [&](Span t) {
    const double q = std::exp(t[0]), r = std::exp(t[1]);
    double mean = 0.0, variance = 1e6, sum = 0.0;
    for (const double v : observed) {
      mean *= t[2];
      variance = t[2] * t[2] * variance + q;
      const double s = variance + r, e = v - mean, gain = variance / s;
      sum += 0.5 * std::log(s) + 0.5 * e * e / s;
      mean += gain * e;
      variance *= 1.0 - gain;
    }
    return sum;
  };
  for (int trial = 0; trial < 40; ++trial) {
    const double u = 0.1 * trial;
    const Values theta{-1.5 + std::sin(3.0 + u), -0.5 + std::cos(5.0 * u), 0.8 + 0.2 * std::sin(u)};
    Values gradient;
    for (std::size_t i = 0; i < 3; ++i) {
      // Good to 1e-11 / 1e-4 and, by two steps, to the fourth power of them.
      const auto central = [&](double h) {
        Values up = theta, down = theta;
        up[i] += h;
        down[i] -= h;
        return (cost(up) - cost(down)) / (up[i] - down[i]);
      };
      gradient.push_back((4.0 * central(1e-3) - central(2e-3)) / 3.0);
    }
    gc::Options options;
    options.tolerance = 1e-6;
    const auto result = gc::check(cost, gradient, theta, options);
    BOOST_TEST((result.verdict != Verdict::fail), result);
  }
}

BOOST_AUTO_TEST_CASE(the_note_says_what_was_seen) {
  const auto result = judged(cases().front(), 0.0);
  BOOST_TEST(gc::report(result).find("one slope over steps of some sizes") != std::string::npos,
             result);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
