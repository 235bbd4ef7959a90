// What J is asked once a block is judged: accusations that rest on steps far wider than what J does, or on digits that J
// has lost along another entry, and noise that shows from next to θ on.

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
using Values = std::vector<double>;

struct Draw {
  Values at;
  gc::Cost cost;
  Values right;
};

struct Counts {
  int passed = 0, failed = 0, without_note = 0, twice_failed = 0, twice_passed = 0;
};

/// The right gradient of each draw, and the same with its first entry doubled; each entry is a block.
template <class Make>
Counts count(int draws, const Make& make) {
  std::mt19937_64 random(17);
  Counts counts;
  for (int i = 0; i < draws; ++i) {
    const Draw draw = make(random);
    gc::ParameterVector theta;
    for (std::size_t k = 0; k < draw.at.size(); ++k) {
      theta.add("p" + std::to_string(k), 0, {}, std::span(&draw.at[k], 1));
    }
    const auto found = gc::check(draw.cost, draw.right, theta);
    counts.passed += found.verdict == Verdict::pass ? 1 : 0;
    counts.failed += found.verdict == Verdict::fail ? 1 : 0;
    counts.without_note += found.verdict != Verdict::pass && found.notes.empty() ? 1 : 0;
    Values twice = draw.right;
    twice[0] *= 2.0;
    const Verdict wrong = gc::check(draw.cost, twice, theta).verdict;
    counts.twice_failed += wrong == Verdict::fail ? 1 : 0;
    counts.twice_passed += wrong == Verdict::pass ? 1 : 0;
  }
  return counts;
}

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

constexpr int draws = 150;

}  // namespace

BOOST_AUTO_TEST_SUITE(last_questions)

BOOST_AUTO_TEST_CASE(a_term_that_dies_out_is_not_accused_from_afar) {
  // log(e^a + e^b) where exp overflows a little further up, and the smaller term is a few roundings of J.
  const Counts c = count(draws, [](std::mt19937_64& random) {
    const double a = uniform(random, 600, 700), b = a - uniform(random, 20, 32);
    const double part = 1.0 / (1.0 + std::exp(b - a));
    return Draw{{a, b},
                [](Span t) { return std::log(std::exp(t[0]) + std::exp(t[1])); },
                {part, std::exp(b - a) * part}};
  });
  BOOST_TEST(c.failed == 0);
  BOOST_TEST(c.without_note == 0);
  BOOST_TEST(c.twice_failed == draws);
}

BOOST_AUTO_TEST_CASE(digits_that_one_factor_has_lost_are_not_held_against_another) {
  // m (1/sqrt(1 - u^2) - 1): along m it is straight, with a slope off by 1e-7 to 1e-5.
  const Counts c = count(draws, [](std::mt19937_64& random) {
    const double u = std::pow(10.0, uniform(random, -5, -4)), m = uniform(random, 1, 1000);
    const double s = std::sqrt(1 - u * u), gamma = 1 / s;
    return Draw{{m, u},
                [](Span t) { return t[0] * (1 / std::sqrt(1 - t[1] * t[1]) - 1); },
                {u * u / (s * (1 + s)), m * u * gamma * gamma * gamma}};
  });
  // At the lower end the stairs are so wide that few of the values by which noise is measured lie on others: without
  // the question 60 of these are accused.
  BOOST_TEST(c.failed <= draws / 50);
  BOOST_TEST(c.twice_failed == draws);
}

BOOST_AUTO_TEST_CASE(noise_of_stairs_next_to_theta_is_found) {
  // A bond's price against what was paid for it: 1 + r/2 has stairs of 4e-16 in r, each of 3e-11 in J.
  const Counts c = count(draws, [](std::mt19937_64& random) {
    const double r = uniform(random, 0.01, 0.08), paid = uniform(random, 80, 120);
    const auto price = [](double rate) {
      double value = 100.0;
      for (int k = 0; k < 60; ++k) value /= 1 + rate / 2;
      double coupons = 0.0;
      for (int k = 0; k < 60; ++k) coupons = (coupons + 2.5) / (1 + rate / 2);
      return value + coupons;
    };
    double slope = -60 * 100 * std::pow(1 + r / 2, -61) / 2;
    for (int k = 1; k <= 60; ++k) slope -= k * 2.5 * std::pow(1 + r / 2, -k - 1) / 2;
    const double off = price(r) - paid;
    return Draw{{r},
                [=](Span t) { return (price(t[0]) - paid) * (price(t[0]) - paid); },
                {2 * off * slope}};
  });
  BOOST_TEST(c.failed == 0);
  BOOST_TEST(c.without_note == 0);
  BOOST_TEST(c.passed >= 9 * draws / 10);
  BOOST_TEST(c.twice_failed == draws);
}

BOOST_AUTO_TEST_CASE(jumps_further_away_excuse_nothing) {
  // Fractional parts, phases that wrap, steps beside θ: the piece on which θ lies has a slope, and it is right.
  const std::vector<std::pair<std::function<double(double)>, std::function<double(double)>>> costs{
      {[](double x) { return (x - std::floor(x)) * (x - std::floor(x)); },
       [](double x) { return 2 * (x - std::floor(x)); }},
      {[](double x) { return std::atan(0.9966 * std::tan(x)); },
       [](double x) {
         const double c = std::cos(x), s = std::sin(x);
         return 0.9966 / (c * c + 0.9966 * 0.9966 * s * s);
       }},
      {[](double x) { return x * x + (x > 3 ? -10 : 0) + (x < 0.2 ? 4 : 0); },
       [](double x) { return 2 * x; }},
      {[](double x) { return 3 * std::ceil(x) + x * x / 2; }, [](double x) { return x; }},
  };
  for (const auto& [f, slope] : costs) {
    for (const double x : {0.37, 1.37, 2.37}) {
      const gc::Cost cost = [&](Span t) { return f(t[0]); };
      const double right = slope(x);
      BOOST_TEST((gc::check(cost, Values{right}, Values{x}).verdict == Verdict::pass), x);
      for (const double factor : {0.0, -1.0, 0.5, 2.0, 1.01}) {
        const auto found = gc::check(cost, Values{factor * right}, Values{x});
        BOOST_TEST((found.verdict == Verdict::fail), factor << " at " << x);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
