// Oracles in wider scalars: asked where double is in doubt, believed there, and left alone where it
// is not.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <vector>

#include "gradcheck/check_in.hpp"

namespace gc = dtheta::gradcheck;
using Values = std::vector<double>;
using Wide = long double;
__extension__ typedef __float128 Quad;

namespace {

/// A huge constant hides what changes: Σ x / (1 + x²) on top of `offset`, in any scalar.
struct Hidden {
  double offset;
  template <class T>
  T operator()(std::span<const T> t) const {
    T sum = T(offset);
    for (const T x : t) sum += x / (T(1) + x * x);
    return sum;
  }
};

const Values theta{0.5, -0.25, 2.0};
Values right() {
  Values g;
  for (const double x : theta) g.push_back((1 - x * x) / ((1 + x * x) * (1 + x * x)));
  return g;
}

/// |x| + x²/2 without <cmath>, so that it is one for every scalar.
struct Bent {
  double at;
  template <class T>
  T operator()(std::span<const T> t) const {
    const T x = t[0] - T(at);
    return (x < T(0) ? -x : x) + t[0] * t[0] / T(2);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(second_opinion)

BOOST_AUTO_TEST_CASE(what_double_cannot_see_long_double_settles) {
  const Hidden cost{1e7};
  BOOST_TEST((gc::check(gc::Cost(cost), right(), theta).verdict == gc::Verdict::inconclusive));
  const gc::Result result = gc::check_in<Wide>(cost, right(), theta);
  BOOST_TEST(result);
  BOOST_TEST(result.oracles[0].name == "long double");
  BOOST_TEST(result.oracles[0].settled > 0U);
  BOOST_TEST(result.oracles[0].evaluations > 0U);
  Values wrong = right();
  wrong[1] *= 1 + 1e-6;
  const gc::Result bad = gc::check_in<Wide>(cost, wrong, theta);
  BOOST_TEST((bad.verdict == gc::Verdict::fail));
  BOOST_TEST(bad.block("theta").failed == 1U);
}

BOOST_AUTO_TEST_CASE(what_long_double_cannot_see_quad_settles) {
  const Hidden cost{1e16};
  BOOST_TEST((gc::check_in<Wide>(cost, right(), theta).verdict == gc::Verdict::inconclusive));
  const gc::Result result = gc::check_in<Wide, Quad>(cost, right(), theta);
  BOOST_TEST(result);
  BOOST_TEST(result.oracles[1].name == "quad");
  BOOST_TEST(result.oracles[1].settled == 3U);
  Values wrong = right();
  wrong[2] *= 1 + 1e-6;
  BOOST_TEST((gc::check_in<Wide, Quad>(cost, wrong, theta).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(an_analytic_cost_settles_by_a_complex_step) {
  const Hidden cost{1e30};
  const gc::Result result = gc::check_in<Wide, std::complex<double>>(cost, right(), theta);
  BOOST_TEST(result);
  BOOST_TEST(result.oracles[1].name == "complex step");
  BOOST_TEST(result.oracles[1].settled == 3U);
  BOOST_TEST(result.oracles[1].evaluations == 3U);
  Values wrong = right();
  wrong[0] *= 1 + 1e-6;
  const gc::Result bad = gc::check_in<Wide, std::complex<double>>(cost, wrong, theta);
  BOOST_TEST((bad.verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(a_block_as_small_as_the_rounding_of_others_is_judged_by_its_own_size) {
  const auto cost = [](auto t) {
    using T = std::remove_const_t<typename decltype(t)::element_type>;
    return t[0] * t[0] / T(2) + T(1e-15) * t[1] * t[1] / T(2);
  };
  gc::ParameterVector at;
  at.add("usual", 1, {1}, Values{1.0});
  at.add("tiny", 2, {1}, Values{1.0});
  BOOST_TEST(gc::check_in<Quad>(cost, Values{1.0, 1e-15}, at));
  // Twice as large is still less than what the rounding of terms of order one may leave: no
  // accusation, but no pass either.
  for (const double wrong : {2e-15, -1e-15, 1e-16}) {
    const gc::Result result = gc::check_in<Quad>(cost, Values{1.0, wrong}, at);
    BOOST_TEST((result.block("usual").verdict == gc::Verdict::pass), wrong);
    BOOST_TEST((result.block("tiny").verdict == gc::Verdict::inconclusive), wrong);
  }
  BOOST_TEST((gc::check_in<Quad>(cost, Values{1.0, 1e-13}, at).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(what_rounding_left_of_a_derivative_of_zero_passes) {
  const auto cost = [](auto t) {
    using T = std::remove_const_t<typename decltype(t)::element_type>;
    return t[0] * t[0] / T(2) + T(0) * t[1];
  };
  gc::ParameterVector at;
  at.add("usual", 1, {1}, Values{1.0});
  at.add("without effect", 2, {1}, Values{1.0});
  for (const double crumb : {1e-17, -2e-16, 3e-15}) {
    BOOST_TEST(gc::check_in<Quad>(cost, Values{1.0, crumb}, at), crumb);
  }
  // 32 roundings of one are 3.6e-15: so much is believed; of 64 and more it is said to be wrong.
  const auto verdict = [&](double crumb) {
    return gc::check_in<Quad>(cost, Values{1.0, crumb}, at).verdict;
  };
  BOOST_TEST((verdict(5e-15) == gc::Verdict::inconclusive));
  BOOST_TEST((verdict(1e-14) == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(a_clean_check_asks_nobody) {
  const gc::Result result = gc::check_in<Wide, Quad>(Hidden{1.0}, right(), theta);
  BOOST_TEST(result);
  for (const gc::OracleUse& use : result.oracles) BOOST_TEST(use.evaluations == 0U);
  BOOST_TEST(result.notes.empty());
}

BOOST_AUTO_TEST_CASE(a_corner_beside_theta_is_stepped_around) {
  // The slope is x + 1 on this side of the corner and x - 1 on the other.
  for (const double distance : {1e-3, 1e-6, 1e-9}) {
    const Bent cost{0.5 - distance};
    BOOST_TEST(gc::check_in<Quad>(cost, Values{1.5}, Values{0.5}), distance);
    for (const double wrong : {-0.5, 0.5, 1.5 + 1e-5}) {
      const gc::Result result = gc::check_in<Quad>(cost, Values{wrong}, Values{0.5});
      BOOST_TEST((result.verdict == gc::Verdict::fail), distance << " " << wrong);
    }
  }
}

BOOST_AUTO_TEST_CASE(on_a_corner_any_slope_between_is_right) {
  for (const double g : {-0.5, 0.5, 0.7, 1.5}) {
    const gc::Result result = gc::check_in<Quad>(Bent{0.5}, Values{g}, Values{0.5});
    BOOST_TEST(result, g);
    BOOST_TEST(result.block("theta").corners == 1U, g);
  }
  for (const double g : {-0.5 - 1e-5, 1.5 + 1e-5, 3.0}) {
    const gc::Result result = gc::check_in<Quad>(Bent{0.5}, Values{g}, Values{0.5});
    BOOST_TEST((result.verdict == gc::Verdict::fail), g);
  }
}

BOOST_AUTO_TEST_CASE(an_oracle_that_is_no_wider_accuses_nobody) {
  // Claims 64 bits and computes with 53: its slopes at two steps contradict each other.
  const gc::Cost hidden = Hidden{1e7};
  gc::Options options;
  options.oracles.push_back(gc::oracle_in<Wide>(
      [&](std::span<const Wide> t) {
        const Values narrow(t.begin(), t.end());
        return static_cast<Wide>(hidden(narrow));
      },
      theta, "pretender"));
  BOOST_TEST((gc::check(hidden, right(), theta, options).verdict != gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(where_too_many_are_in_doubt_an_eighth_of_the_allowed_is_asked_about) {
  gc::Options options;
  options.most_opinions = 16;
  const Values many(17, 0.5), gradient(17, 0.75 / (1.25 * 1.25));
  const gc::Result result = gc::check_in<Quad>(Hidden{1e16}, gradient, many, options);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(result.oracles[0].settled == 2U);
  BOOST_TEST(result.block("theta").inconclusive == 15U);
  options.most_opinions = 17;
  BOOST_TEST(gc::check_in<Quad>(Hidden{1e16}, gradient, many, options));
}

BOOST_AUTO_TEST_CASE(a_block_that_is_wrong_beyond_doubt_needs_no_opinion) {
  const Values many(40, 0.5);
  Values gradient(40, 0.75 / (1.25 * 1.25));
  for (double& g : gradient) g *= 1 + 1e-6;  // seen in double, by less than doubtful_z bars
  const gc::Result few = gc::check_in<Quad>(Hidden{1.0}, gradient, many);
  BOOST_TEST(few.block("theta").failed == 40U);
  BOOST_TEST(few.oracles[0].settled <= 4U);
  gradient[7] *= 2;
  const gc::Result none = gc::check_in<Quad>(Hidden{1.0}, gradient, many);
  BOOST_TEST(none.block("theta").failed == 40U);
  BOOST_TEST(none.oracles[0].evaluations == 0U);
}

BOOST_AUTO_TEST_CASE(an_oracle_that_never_helps_is_left_alone) {
  const Values many(60, 0.5);
  const Values gradient(60, 0.75 / (1.25 * 1.25));
  const gc::Result result = gc::check_in<Wide, Quad>(Hidden{1e16}, gradient, many);
  BOOST_TEST(result);
  BOOST_TEST(result.oracles[0].settled == 0U);
  BOOST_TEST(result.oracles[0].evaluations < 20U * 7U);
  BOOST_TEST(result.oracles[1].settled == 60U);
}

BOOST_AUTO_TEST_CASE(nobody_can_confirm_a_gradient_with_too_few_digits) {
  gc::Options options;
  options.gradient_roundoff = 0x1p-24;
  options.tolerance = 1e-7;
  const gc::Result result = gc::check_in<Quad>(Hidden{1e16}, right(), theta, options);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(result.oracles[0].evaluations == 0U);
  options.tolerance.reset();
  BOOST_TEST(gc::check_in<Quad>(Hidden{1e16}, right(), theta, options));
}

BOOST_AUTO_TEST_CASE(the_caller_can_stop_between_two_questions) {
  gc::Options options;
  std::size_t calls = 0;
  options.progress = [&](const gc::Progress& p) {
    BOOST_TEST(p.done <= p.total);
    if (p.done < p.total) return true;
    return ++calls < 3;  // after the sweep of the one block and the first question
  };
  const gc::Result result = gc::check_in<Quad>(Hidden{1e16}, right(), theta, options);
  BOOST_TEST(!result.complete);
  BOOST_TEST(result.oracles[0].settled == 1U);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
}

BOOST_AUTO_TEST_SUITE_END()
