// Ripples that steps pass over: a gradient that forgot them agrees with J over steps of many periods, as they look
// like noise there. From closer than a period J has another slope, five steps in a row, and that is its derivative.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace gc = dtheta::gradcheck;

namespace {

using gc::Verdict;
using Span = std::span<const double>;

/// A wave of period 1, and its derivative.
struct Wave {
  std::string name;
  std::function<double(double)> value, slope;
};

std::ostream& operator<<(std::ostream& out, const Wave& wave) { return out << wave.name; }

std::vector<Wave> waves() {
  constexpr double turn = 6.283185307179586;
  return {{"triangles", [](double u) { return u < 0.5 ? u : 1 - u; },
           [](double u) { return u < 0.5 ? 1.0 : -1.0; }},
          {"sine", [](double u) { return std::sin(turn * u) / turn; },
           [](double u) { return std::cos(turn * u); }},
          {"arches", [](double u) { return u * (1 - u); }, [](double u) { return 1 - 2 * u; }}};
}

Verdict check(const gc::Cost& cost, double gradient, double at) {
  return gc::check(cost, std::vector{gradient}, std::vector{at}).verdict;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ripples)

// Periods of 1e-5 to 1e-8 of θ, slopes of a thousandth of the whole to all of it: forgotten gradients that pass were one
// in five of triangles and arches.
BOOST_DATA_TEST_CASE(a_forgotten_ripple_is_found, boost::unit_test::data::make(waves()), wave) {
  std::mt19937_64 random(3);
  const auto uniform = [&] { return static_cast<double>(random() >> 11U) * 0x1p-53; };
  int accused = 0, passed = 0, found = 0, forgotten = 0;
  for (int i = 0; i < 300; ++i) {
    const double x = std::exp(6 * uniform() - 3), period = x * std::pow(10.0, -5 - 3 * uniform());
    const double height = 2 * x * std::pow(10.0, -3 * uniform()), phase = uniform();
    const auto place = [=](double t) {
      const double u = t / period + phase;
      return u - std::floor(u);
    };
    const gc::Cost cost = [&](Span t) {
      return t[0] * t[0] + height * period * wave.value(place(t[0]));
    };
    const double missed = height * wave.slope(place(x));
    accused += check(cost, 2 * x + missed, x) == Verdict::fail ? 1 : 0;
    if (std::abs(missed) < 1e-4 * x) continue;
    ++forgotten;
    const Verdict verdict = check(cost, 2 * x, x);
    passed += verdict == Verdict::pass ? 1 : 0;
    found += verdict == Verdict::fail ? 1 : 0;
  }
  BOOST_TEST(accused == 0);
  // Those of periods of some 1e-8 of θ, that of the steps by which noise is measured: they are taken for it.
  BOOST_TEST(passed <= forgotten / 40);
  BOOST_TEST(found >= forgotten * 9 / 10);
}

// Noise over wide steps that is none from close by: the step at which J sided with the claim is asked again.
BOOST_AUTO_TEST_CASE(waves_that_are_shorter_than_the_steps_accuse_nobody) {
  const gc::Cost cost = [](Span t) {
    const double u = t[0] / 9.21929e-9, k = u - std::floor(u);
    return t[0] * (1 + 0.1 * t[0]) + 1.79082e-7 * 16 * k * k * (1 - k) * (1 - k);
  };
  BOOST_TEST((check(cost, 25.04, -1.5527345846755405) != Verdict::fail));
}

// Over one step J's own bend hides that of a corner next to θ.
BOOST_AUTO_TEST_CASE(a_corner_that_curvature_hides) {
  const double x = -1.6870398771269504, corner = x - 3.5274005938390474e-12;
  const gc::Cost cost = [=](Span t) {
    return (785.954 - 1.64249 * 1.25675 * t[0] * t[0] + 0.777665 * 1.25675 +
            0.46763 * std::fabs(t[0] - corner)) -
           1;
  };
  BOOST_TEST((check(cost, -2 * 1.64249 * 1.25675 * x + 0.46763, x) != Verdict::fail));
  BOOST_TEST((check(cost, -2 * 1.64249 * 1.25675 * x + 2 * 0.46763, x) != Verdict::pass));
}

// √|t| at 0 has any slope beside it: nothing is right or wrong there.
BOOST_DATA_TEST_CASE(slopes_that_grow_towards_theta_accuse_nobody,
                     boost::unit_test::data::make({0.0, 100.0, 8000.0, 15192.0, 36000.0, 1e6}),
                     claim) {
  const gc::Cost cost = [](Span t) { return std::sqrt(std::fabs(t[0])); };
  BOOST_TEST((check(cost, claim, 0.0) == Verdict::inconclusive));
}

// (√(1 + t) − 1)/t where t is a few neighbours of 1: what J does between two of its jumps, however far apart in value,
// is a rounding. Of larger t the differences are plain.
BOOST_AUTO_TEST_CASE(jumps_as_close_as_neighbours_of_one_are_roundings) {
  const gc::Cost cost = [](Span t) { return (std::sqrt(1 + t[0]) - 1) / t[0]; };
  std::mt19937_64 random(7);
  for (int i = 0; i < 100; ++i) {
    const double t = 1e-15 * std::exp(static_cast<double>(random() >> 11U) * 0x1p-53 * 4);
    BOOST_TEST((check(cost, -0.125, t) == Verdict::inconclusive), "t " << t);
  }
  BOOST_TEST((check(cost, -0.125, 1e-3) == Verdict::fail));  // -0.12488
}

BOOST_AUTO_TEST_SUITE_END()
