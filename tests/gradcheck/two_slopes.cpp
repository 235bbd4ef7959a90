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

// A fast wave whose slope all steps below a tenth of its length show: what agrees with the slow part
// alone is wrong, and who has both is right.
BOOST_AUTO_TEST_CASE(a_forgotten_wave_is_found) {
  const double size = 1e-7, length = 1e-6;
  const auto cost = [=](Span t) {
    return (t[0] - 1.0) * (t[0] - 1.0) + size * std::sin(t[0] / length);
  };
  const Values theta{0.7};
  const double slow = -0.6, whole = slow + size / length * std::cos(0.7 / length);
  const auto wrong = gc::check(cost, Values{slow}, theta);
  BOOST_TEST((wrong.verdict == Verdict::fail), wrong);
  const auto right = gc::check(cost, Values{whole}, theta);
  BOOST_TEST((right.verdict != Verdict::fail), right);
}

BOOST_AUTO_TEST_CASE(a_narrow_bump_is_not_held_against_its_gradient) {
  const auto cost = [](Span t) {
    const double far = (t[0] - 0.4) / 4e-8 - 0.5;
    return (t[0] - 1.1) * (t[0] - 1.1) + (t[1] - 2.6) * (t[1] - 2.6) +
           1.2e-11 * std::exp(-far * far);
  };
  const Values right{-1.4 + 3e-4 * std::exp(-0.25), -8.2};
  const auto result = gc::check(cost, right, Values{0.4, -1.5});
  BOOST_TEST((result.verdict != Verdict::fail), result);
}

// A price that changes once a day: by the date it stands still, whatever the years do; and the other
// parameters are judged as if there were no days.
BOOST_DATA_TEST_CASE(a_calendar_disturbs_nobody, data::make({20.6, 40.3, 60.5, 200.1}), date) {
  const double days = 900.0 - std::floor(date);
  const auto price = [](double rate, double at) {
    return 100.0 * std::exp(-rate * (900.0 - std::floor(at)) / 365.0);
  };
  const auto cost = [&](Span t) {
    const double off = price(t[0], t[1]) - 80.0;
    return off * off + t[2] * t[2];
  };
  gc::ParameterVector theta;
  theta.add("rate", 0, {}, Values{0.03});
  theta.add("date", 0, {}, Values{date});
  theta.add("other", 0, {}, Values{0.3});
  const double now = price(0.03, date);
  const Values right{2.0 * (now - 80.0) * now * -days / 365.0, 0.0, 0.6};
  const auto good = gc::check(cost, right, theta);
  BOOST_TEST((good.verdict != Verdict::fail), good);
  BOOST_TEST((good.block("other").verdict == Verdict::pass), good);
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    for (const double factor : {-1.0, 0.0, 1.001}) {
      Values wrong = right;
      wrong[i] *= factor;
      const auto result = gc::check(cost, wrong, theta);
      BOOST_TEST((result.verdict == Verdict::fail), result);
    }
  }
}

// Sums in float beside a penalty in double: from close by only the penalty is seen.
BOOST_DATA_TEST_CASE(a_forgotten_gradient_of_floats_is_found, data::make({0.3, 1.0, -0.7}), w) {
  const auto cost = [](Span t) {
    const float a = static_cast<float>(t[0]), b = static_cast<float>(t[1]);
    const float u = a + 2.0F * b - 1.0F, v = 0.3F * a - b - 2.0F, s = u * u + v * v + 10.0F;
    return static_cast<double>(s) + 0.1 * (t[0] * t[0] + t[1] * t[1]);
  };
  const auto result = gc::check(cost, Values{0.0, 0.0}, Values{w, 0.4});
  BOOST_TEST((result.verdict == Verdict::fail), result);
}

BOOST_AUTO_TEST_CASE(the_note_says_what_was_seen) {
  bool said = false;
  for (const Case& c : cases()) {
    const std::string report = gc::report(judged(c, c.slope)) + gc::report(judged(c, 0.0));
    said = said || report.find("one slope over steps of some sizes") != std::string::npos;
  }
  BOOST_TEST(said);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
