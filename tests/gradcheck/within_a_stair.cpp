// Costs in which a number near 1, or the difference of near numbers, is rounded inside: they move in stairs of
// that term beside a smooth rest. Within a stair the term stands still, and a gradient that forgot it agrees
// with every difference that is taken there.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/result.hpp"

namespace gc = dtheta::gradcheck;

namespace {

struct World {
  std::string name;
  double low, high;  // of the parameter
  std::function<double(double)> cost;
  std::function<double(double)> right;      // its derivative, by another formula
  std::function<double(double)> forgotten;  // what it is while the rounded term stands still
  bool logarithmic = false;
};

/// Derivatives of quotients f(x)/x come from their series, those of logarithms from what is not rounded.
const std::vector<World>& worlds() {
  static const std::vector<World> list{
      {"naive cross-entropy of a saturated logit", 20, 31,
       [](double w) {
         const double q = 1 / (1 + std::exp(-w));
         return -std::log(1 - q) + (w - 3) * (w - 3) / 50;
       },
       [](double w) { return 1 / (1 + std::exp(-w)) + (w - 3) / 25; },
       [](double w) { return (w - 3) / 25; }},
      {"(1 - cos x)/x", 1e-6, 1e-3, [](double x) { return (1 - std::cos(x)) / x; },
       [](double x) { return 0.5 - x * x / 8; },
       [](double x) { return -(1 - std::cos(x)) / (x * x); }, true},
      {"((1 + r)^n - 1)/r", 1e-9, 1e-7, [](double r) { return (std::pow(1 + r, 12) - 1) / r; },
       [](double r) { return 66 + 440 * r; },
       [](double r) { return -(std::pow(1 + r, 12) - 1) / (r * r); }, true},
      {"a rare event's likelihood", 1e-10, 1e-9,
       [](double p) { return -(3 * std::log(p) + (1e10 - 3) * std::log(1 - p)); },
       [](double p) { return -3 / p + (1e10 - 3) / (1 - p); }, [](double p) { return -3 / p; },
       true},
      {"a censored observation", 4.5, 7,
       [](double z) { return -std::log(1 - 0.5 * std::erfc(-z / std::sqrt(2.0))) + z * z / 100; },
       [](double z) {
         const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
         return density / (0.5 * std::erfc(z / std::sqrt(2.0))) + z / 50;
       },
       [](double z) { return z / 50; }},
      {"a squashed action's log-density", 8, 11.5,
       [](double u) {
         return -std::log(1 - std::tanh(u) * std::tanh(u) + 1e-9) + (u - 1) * (u - 1) / 10;
       },
       [](double u) {
         const double c = 1 / (std::cosh(u) * std::cosh(u));
         return 2 * std::tanh(u) * c / (c + 1e-9) + (u - 1) / 5;
       },
       [](double u) { return (u - 1) / 5; }},
  };
  return list;
}
struct Counts {
  int right_failed = 0, forgotten_passed = 0, forgotten_failed = 0, doubled_passed = 0, draws = 0;
};

Counts count(const World& w, int draws) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  Counts counts;
  for (int i = 0; i < draws; ++i) {
    const double part = unit(random);
    const double x =
        w.logarithmic ? w.low * std::pow(w.high / w.low, part) : w.low + part * (w.high - w.low);
    const double right = w.right(x), forgotten = w.forgotten(x);
    const gc::Cost cost = [&](std::span<const double> theta) { return w.cost(theta[0]); };
    const auto verdict = [&](double value) {
      return gc::check(cost, std::vector{value}, std::vector{x}).verdict;
    };
    ++counts.draws;
    counts.right_failed += verdict(right) == gc::Verdict::fail ? 1 : 0;
    const gc::Verdict without = verdict(forgotten);
    counts.forgotten_passed += without == gc::Verdict::pass ? 1 : 0;
    counts.forgotten_failed += without == gc::Verdict::fail ? 1 : 0;
    counts.doubled_passed += verdict(2 * right) == gc::Verdict::pass ? 1 : 0;
  }
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(within_a_stair)

BOOST_AUTO_TEST_CASE(a_forgotten_term_does_not_hide_in_its_stairs) {
  for (const World& w : worlds()) {
    const Counts c = count(w, 200);
    BOOST_TEST_CONTEXT(w.name << ": right failed " << c.right_failed << ", forgotten passed "
                              << c.forgotten_passed << ", failed " << c.forgotten_failed) {
      BOOST_TEST(c.right_failed == 0);
      BOOST_TEST(c.doubled_passed == 0);
      // Where a step meets neighbouring stairs by chance some still pass.
      BOOST_TEST(c.forgotten_passed <= c.draws / 50);
      BOOST_TEST(c.forgotten_failed >= c.draws / 4);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
