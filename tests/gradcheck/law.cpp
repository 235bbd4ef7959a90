// The law of the verdict: its rules by themselves, at both sides of each bound, and costs on which
// one of them decides.
#include "gradcheck/judge/law.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

namespace gc = dtheta::gradcheck;
namespace law = gc::detail::law;
namespace data = boost::unit_test::data;
using gc::Verdict;
using gc::detail::Claim;
using gc::detail::Sides;
using gc::detail::Witness;
using Values = std::vector<double>;
using Span = std::span<const double>;

namespace {

/// A claim of 1 in a block whose largest derivative is `scale`, held to 1e-3.
Claim claim_of_one(double scale = 1.0) {
  Claim claim;
  claim.analytic = 1.0;
  claim.tolerance = 1e-3;
  claim.scale = claim.reference = scale;
  return claim;
}

Witness witness(double value, double bar, double visible = 0.0) {
  return {.value = value, .likely = bar, .cautious = bar, .visible = visible, .step = 1e-3};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_of_the_verdict)

BOOST_AUTO_TEST_CASE(agreement_is_within_the_bar_and_with_it_within_the_tolerance) {
  BOOST_TEST(law::agrees(claim_of_one(), witness(1.0004, 5e-4)));
  BOOST_TEST(!law::agrees(claim_of_one(), witness(1.0004, 7e-4)));      // together 1.1e-3
  BOOST_TEST(!law::agrees(claim_of_one(10.0), witness(1.0006, 5e-4)));  // beyond the bar
  BOOST_TEST(law::agrees(claim_of_one(10.0), witness(1.0004, 9e-3)));   // of the block's largest
  BOOST_TEST(!law::agrees(claim_of_one(10.0), witness(1.0004, 9e-3), 0.5));
}

// What the bar hides may be a tenth of the tolerance of the block's largest, however far the value.
BOOST_AUTO_TEST_CASE(an_error_is_insignificant_below_a_tenth_of_the_tolerance_of_the_largest) {
  BOOST_TEST(law::agrees(claim_of_one(100.0), witness(1.0095, 1e-4)));
  BOOST_TEST(!law::agrees(claim_of_one(100.0), witness(1.0105, 1e-4)));
  BOOST_TEST(law::excludes(claim_of_one(100.0), witness(1.0105, 1e-4)));
  BOOST_TEST(!law::excludes(claim_of_one(100.0), witness(1.0095, 1e-4)));
}

BOOST_AUTO_TEST_CASE(what_bends_in_the_stencil_excludes_nothing_beyond_an_eighth) {
  BOOST_TEST(law::excludes(claim_of_one(), witness(2.0, 0.2, 0.12)));
  BOOST_TEST(!law::excludes(claim_of_one(), witness(2.0, 0.2, 0.13)));
  BOOST_TEST(!law::excludes(claim_of_one(), witness(2.0, 1.1)));
}

BOOST_AUTO_TEST_CASE(an_accusation_needs_eight_bars_and_two_witnesses_that_agree) {
  BOOST_TEST(law::confirms(claim_of_one(), witness(2.0, 0.12), witness(2.1, 0.5)));
  BOOST_TEST(!law::confirms(claim_of_one(), witness(2.0, 0.13), witness(2.1, 0.5)));
  BOOST_TEST(!law::confirms(claim_of_one(), witness(2.0, 0.1), witness(2.3, 0.19)));
}

BOOST_AUTO_TEST_CASE(a_corner_is_four_bars_wide_and_lasts_from_closer) {
  BOOST_TEST(law::is_corner({1.0, 2.0, 0.12, 0.12}));
  BOOST_TEST(!law::is_corner({1.0, 2.0, 0.13, 0.13}));
  const Sides sides{1.0, 2.0, 0.2, 0.2};
  BOOST_TEST(law::is_same_corner(sides, {1.2, 1.75, 0.1, 0.1}));
  BOOST_TEST(!law::is_same_corner(sides, {1.25, 1.73, 0.1, 0.1}));  // less than half is left
  BOOST_TEST(!law::is_same_corner(sides, {1.35, 2.0, 0.1, 0.1}));   // another slope below
}

BOOST_AUTO_TEST_CASE(beyond_a_corner_the_bars_of_its_sides_decide) {
  Sides sides{0.0, 2.0, 1e-5, 1e-5};
  Claim claim = claim_of_one();
  const auto judged = [&](double value) {
    claim.analytic = value;
    return law::judge_corner(claim, sides);
  };
  for (const double inside : {0.0, 1.0, 2.0}) BOOST_TEST((judged(inside) == Verdict::pass));
  BOOST_TEST((judged(2.0 + 0.9e-5) == Verdict::pass));
  BOOST_TEST((judged(2.0 + 1.1e-5) == Verdict::inconclusive));
  BOOST_TEST((judged(2.0 + 2.5e-3) == Verdict::fail));  // beyond the tolerance of the size 2
  BOOST_TEST((judged(2.0 + 1.5e-3) == Verdict::inconclusive));
  BOOST_TEST((judged(-2.5e-3) == Verdict::fail));
  sides.bar_above = 1e-3;
  BOOST_TEST((judged(2.0 + 7.9e-3) == Verdict::inconclusive));
  BOOST_TEST((judged(2.0 + 8.1e-3) == Verdict::fail));
}

BOOST_AUTO_TEST_CASE(thirty_two_roundings_are_the_gradients_own) {
  Claim claim = claim_of_one();
  claim.roundoff = 0x1p-24;
  BOOST_TEST(claim.rounding_of(4.0) == 32.0 * 0x1p-24 * 4.0);
  claim.rounding = 1.0;
  BOOST_TEST(claim.rounding_of(4.0) == 1.0);
}

// The crumbs of a zero pass where J was asked as far as the entry's size, and showed none but its
// own roundings; never below what terms of the largest derivative's size leave, which may be true.
BOOST_AUTO_TEST_CASE(crumbs_of_zero_are_left_by_terms_of_their_size) {
  Claim crumb;
  crumb.tolerance = 1e-7;
  crumb.roundoff = 0x1p-53;
  crumb.rounded_with = 1.0;
  crumb.length = 1.0;
  crumb.crumb = 1e-14;
  crumb.analytic = crumb.scale = crumb.reference = 1e-16;
  const Witness still{.value = 0.0, .likely = 5e-15, .cautious = 5e-15, .step = 0.5};
  BOOST_TEST(law::agrees(crumb, still));
  Witness far = still;
  far.step = 2.0;
  BOOST_TEST(!law::agrees(crumb, far));
  Witness moves = still;
  moves.value = 6e-15;
  BOOST_TEST(!law::agrees(crumb, moves));
  Claim larger = crumb;
  larger.analytic = larger.scale = 33.0 * 0x1p-53;
  BOOST_TEST(!law::agrees(larger, still));
  Claim faint = crumb;
  faint.analytic = faint.scale = 0x1p-53 / 33.0;
  BOOST_TEST(!law::agrees(faint, still));
}

// A feature of J that is narrower than the steps which agree with the rest of it.
BOOST_DATA_TEST_CASE(a_forgotten_term_of_any_width_is_seen, data::make({1e-1, 1e-3, 1e-5, 1e-7}),
                     width) {
  const auto cost = [&](Span t) {
    return 3.0 * t[0] + t[1] * t[1] + 0.3 * width * std::sin(t[0] / width);
  };
  const Values theta{0.2 * width, 0.8};
  const double term = 0.3 * std::cos(0.2);
  BOOST_TEST((gc::check(cost, Values{3.0, 1.6}, theta).verdict == Verdict::fail));
  const auto right = gc::check(cost, Values{3.0 + term, 1.6}, theta);
  BOOST_TEST((right.verdict == Verdict::pass), right);
}

// Far from 0 the steps of θ's size pass over every period of J; closer looks side with the right
// gradient, which is judged anew from there.
BOOST_DATA_TEST_CASE(a_period_far_from_zero, data::make({1e3, 2458849.5, 1.6e9}), at) {
  const auto cost = [&](Span t) { return std::sin(t[0] - at) + t[1] * t[1]; };
  const Values theta{at + 0.5, 0.7};
  const double slope = std::cos(theta[0] - at);
  const auto right = gc::check(cost, Values{slope, 1.4}, theta);
  BOOST_TEST((right.verdict == Verdict::pass), right);
  // By 1e-4, too: J sides with such a value rather than with what it shows from further away.
  for (const double factor : {-1.0, 0.0, 1.0001, 1.01, 2.0}) {
    const auto wrong = gc::check(cost, Values{factor * slope, 1.4}, theta);
    BOOST_TEST((wrong.verdict == Verdict::fail), factor << "\n" << wrong);
  }
}

// A J that is rounded: within its size no small step shows a slope, and far away a J that is
// bounded stands still again.
BOOST_DATA_TEST_CASE(rounded_costs, data::make({1e-2, 1e-3, 1e-4}), quantum) {
  const auto cost = [&](Span t) {
    return quantum * std::round((std::sin(t[0]) + std::exp(-t[1] * t[1])) / quantum);
  };
  const Values theta{0.4, 0.9};
  const Values right{std::cos(0.4), -1.8 * std::exp(-0.81)};
  BOOST_TEST((gc::check(cost, right, theta).verdict != Verdict::fail));
  for (const double factor : {-1.0, 0.0, 2.0}) {
    const auto wrong = gc::check(cost, Values{factor * right[0], right[1]}, theta);
    BOOST_TEST((wrong.verdict == Verdict::fail), factor << "\n" << wrong);
  }
}

// What moves J by less than its quantum at every step is no error that anyone could see.
BOOST_AUTO_TEST_CASE(a_bounded_effect_below_the_quantum_accuses_nobody) {
  const auto cost = [](Span t) {
    return 0.125 * std::round((20.1 + 3.0 * t[0] + 2e-3 * std::sin(t[1])) / 0.125);
  };
  const Values theta{0.3, 1.03};
  const auto right = gc::check(cost, Values{3.0, 2e-3 * std::cos(1.03)}, theta);
  BOOST_TEST((right.verdict != Verdict::fail), right);
}

// What rounding leaves of the gradient of a parameter without effect, where J loses digits with it.
BOOST_DATA_TEST_CASE(crumbs_below_a_noise_of_J_that_is_not_its_rounding, data::make({16.0, 64.0}),
                     lost) {
  const auto cost = [=](Span t) {
    const volatile double sum = lost + t[0];
    return std::sin(t[1]) + ((sum - t[0]) - lost);
  };
  gc::ParameterVector theta;
  theta.add("shift", 1, {1}, Values{1.07});
  theta.add("w", 1, {1}, Values{0.6});
  const auto right = gc::check(cost, Values{5e-17, std::cos(0.6)}, theta);
  BOOST_TEST((right.verdict == Verdict::pass), right);
  const auto wrong = gc::check(cost, Values{1e-4, std::cos(0.6)}, theta);
  BOOST_TEST((wrong.verdict == Verdict::fail), wrong);
}

// What underflows says nothing of its unit: it is looked at as a zero is.
BOOST_DATA_TEST_CASE(next_to_nothing_has_no_unit, data::make({1e-300, -1e-200, 5e-324, 0.0}), x) {
  for (const double unit : {1e-6, 1.0, 1e6}) {
    const auto cost = [=](Span t) { return std::sin(t[0] / unit + 0.7) + t[1] * t[1]; };
    const Values theta{x, 0.8};
    const double slope = std::cos(0.7) / unit;
    const auto right = gc::check(cost, Values{slope, 1.6}, theta);
    BOOST_TEST((right.verdict == Verdict::pass), unit << "\n" << right);
    const auto wrong = gc::check(cost, Values{-slope, 1.6}, theta);
    BOOST_TEST((wrong.verdict == Verdict::fail), unit << "\n" << wrong);
  }
}

// A loss that is exactly zero in double says nothing of gradients of 1e-125.
BOOST_AUTO_TEST_CASE(a_saturated_loss_accuses_nobody) {
  const auto cost = [](Span t) { return -std::log(1.0 / (1.0 + std::exp(-t[0] * t[1]))); };
  const Values theta{286.0, 1.01};
  const double rest = std::exp(-theta[0] * theta[1]);
  const auto right = gc::check(cost, Values{-theta[1] * rest, -theta[0] * rest}, theta);
  BOOST_TEST((right.verdict != Verdict::fail), right);
}

// A J and a θ next to the smallest numbers, with slopes of the usual size.
BOOST_AUTO_TEST_CASE(denormal_values_with_usual_slopes_are_not_accused) {
  const auto cost = [](Span t) { return 1.03 * t[0] + 0.42 * t[1] - 0.3 * t[2]; };
  const Values theta{1e-310, 2e-309, 3e-312};
  const auto right = gc::check(cost, Values{1.03, 0.42, -0.3}, theta);
  BOOST_TEST((right.verdict != Verdict::fail), right);
}

BOOST_AUTO_TEST_SUITE_END()
