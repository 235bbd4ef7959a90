// check() on functions that fit on one line: what it accepts, refuses, and says that it cannot see.
#include "gradcheck/check.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Values = std::vector<double>;
using Span = std::span<const double>;

namespace {

double square(Span t) {
  double sum = 1.0;
  for (const double v : t) sum += v * v + std::sin(v);
  return sum;
}

Values square_gradient(Span t) {
  Values g;
  for (const double v : t) g.push_back(2.0 * v + std::cos(v));
  return g;
}

bool mentions(const gc::Result& result, const std::string& part) {
  for (const auto& note : result.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

gc::Options textbook() {
  gc::Options options;
  options.method = gc::Method::textbook;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(check)

// A gradient may cost as much as all probes: its calls are counted, and there are few of them also
// where two corners meet at theta and its values beside theta are asked for.
BOOST_AUTO_TEST_CASE(calls_of_the_gradient_are_counted_and_few) {
  const auto relu = [](double v) { return std::max(v, 0.0); };
  const gc::Cost cost = [&](Span t) {
    return relu(t[0]) - relu(-t[0]) + relu(t[0] + t[1]) + square(t);
  };
  std::size_t calls = 0;
  const auto gradient = [&](Span t) {
    ++calls;
    Values g = square_gradient(t);
    const double both = t[0] + t[1] > 0.0 ? 1.0 : 0.0;
    g[0] += (t[0] == 0.0 ? 0.0 : 1.0) + both;
    g[1] += both;
    return g;
  };
  for (const Values& theta : {Values{0.0, 0.0}, Values{0.3, 0.4}}) {
    calls = 0;
    const gc::Result result = gc::check(cost, gradient, theta);
    BOOST_TEST(result.gradient_evaluations == calls);
    BOOST_TEST(calls >= 5U);
    BOOST_TEST(calls <= 12U);
    BOOST_TEST(gc::report(result).find(" of the gradient") != std::string::npos);
  }
  BOOST_TEST(gc::check(cost, Values{2.0, 1.0}, {{0.3, 0.4}}).gradient_evaluations == 0U);
}

BOOST_AUTO_TEST_CASE(every_way_to_give_a_gradient) {
  const Values theta{0.5, -1.0, 2.0};
  BOOST_TEST(gc::check(square, square_gradient(theta), theta));
  BOOST_TEST(gc::check(square, square_gradient, theta));
  BOOST_TEST(gc::check(
      square, [](Span t, std::span<double> g) { std::ranges::copy(square_gradient(t), g.begin()); },
      theta));
  gc::ParameterVector named;
  named.add("a", 1, {3}, theta);
  gc::ParameterVector gradient;
  gradient.add("da", 1, {3}, square_gradient(theta));
  BOOST_TEST(gc::check(square, gradient, named));
  BOOST_TEST(gc::check(square, square_gradient, theta).block("theta").shape.size() == 1U);
}

BOOST_AUTO_TEST_CASE(statement_8_a_cost_of_one_number) {
  const Values theta{4.0};
  const auto line = [](Span t) { return 2.0 * t[0]; };
  BOOST_TEST(gc::check(line, Values{2.0}, theta, textbook()));
  BOOST_TEST(gc::check(line, Values{2.0}, theta));
  BOOST_TEST(!gc::check(line, Values{2.1}, theta));
}

BOOST_AUTO_TEST_CASE(probes_of_a_caller) {
  const Values theta{0.5, -1.0};
  const auto evaluate = [&](std::span<const gc::Probe> probes, std::span<double> answers) {
    for (std::size_t i = 0; i < probes.size(); ++i) {
      Values t = theta;
      t[probes[i].index] = probes[i].value;
      answers[i] = square(t);
    }
  };
  BOOST_TEST(gc::check_probes(evaluate, square_gradient, gc::unnamed(theta)));
}

// A correct gradient next to steep, tiny and huge scales; no tuning by the caller.
BOOST_DATA_TEST_CASE(scale_of_theta_is_found, data::make({1e-6, 1e-3, 1.0, 1e3, 1e6}), s) {
  const auto cost = [s](Span t) { return std::sin(t[0] / s) + std::exp(t[1] / s); };
  const auto gradient = [s](Span t) {
    return Values{std::cos(t[0] / s) / s, std::exp(t[1] / s) / s};
  };
  for (const double where : {0.0, 0.3, 1.0, -2.0}) {
    const Values theta{where * s, 0.1 * s};
    BOOST_TEST(gc::check(cost, gradient, theta));
    Values wrong = gradient(theta);
    wrong[1] *= 1.0 + 1e-5;
    BOOST_TEST(!gc::check(cost, wrong, theta));
  }
}

// Steps of the size of θ would see only the envelope of a fast oscillation.
BOOST_AUTO_TEST_CASE(fast_functions_get_small_steps) {
  const auto cost = [](Span t) { return std::sin(1e5 * t[0]); };
  const Values theta{1.0};
  BOOST_TEST((gc::check(cost, Values{1e5 * std::cos(1e5)}, theta).verdict != gc::Verdict::fail));
  BOOST_TEST((gc::check(cost, Values{1.01e5 * std::cos(1e5)}, theta).verdict == gc::Verdict::fail));
}

BOOST_DATA_TEST_CASE(edges_of_the_domain_are_respected, data::make({1e-9, 1e-4, 0.1}), x) {
  const Values theta{x, 1.0};
  const auto cost = [](Span t) { return std::log(t[0]) + t[1] * std::sqrt(t[0]); };
  const auto gradient = [](Span t) {
    return Values{1.0 / t[0] + 0.5 * t[1] / std::sqrt(t[0]), std::sqrt(t[0])};
  };
  BOOST_TEST(gc::check(cost, gradient, theta));
}

BOOST_AUTO_TEST_CASE(at_the_very_edge_one_side_is_enough) {
  const Values theta{0.0};
  const auto cost = [](Span t) { return t[0] < 0.0 ? std::nan("") : 1.0 + std::sin(t[0]); };
  BOOST_TEST(gc::check(cost, Values{1.0}, theta));
  BOOST_TEST((gc::check(cost, Values{1.1}, theta).verdict == gc::Verdict::fail));
}

BOOST_DATA_TEST_CASE(corner_at_the_point_any_slope_between_is_right,
                     data::make({-1.0, -0.3, 0.0, 1.0}), slope) {
  const auto cost = [](Span t) { return std::abs(t[0]) + t[1] * t[1] + 1.0; };
  const auto result = gc::check(cost, Values{slope, 1.0}, Values{0.0, 0.5});
  BOOST_TEST(result);
  BOOST_TEST(mentions(result, "corner"), result);
}

// An even J has no odd part of the truncation, which is not the mark of a corner.
BOOST_AUTO_TEST_CASE(a_smooth_even_function_has_no_corner) {
  const auto cost = [](Span t) { return std::cosh(t[0]) + std::cos(3.0 * t[1]) + t[2]; };
  const auto result = gc::check(cost, Values{0.0, 0.0, 1.0}, Values{0.0, 0.0, 0.5});
  BOOST_TEST(result, result);
  BOOST_TEST(!mentions(result, "corner"), result);
  BOOST_TEST(result.blocks[0].corners == 0U);
}

BOOST_DATA_TEST_CASE(corner_at_the_point_outside_is_wrong, data::make({-1.1, 1.1, 3.0}), slope) {
  const auto cost = [](Span t) { return std::abs(t[0]) + t[1] * t[1] + 1.0; };
  BOOST_TEST((gc::check(cost, Values{slope, 1.0}, Values{0.0, 0.5}).verdict == gc::Verdict::fail));
}

BOOST_DATA_TEST_CASE(corner_nearby_is_stepped_around, data::make({1e-3, 1e-5, 1e-7}), distance) {
  const auto cost = [](Span t) { return std::abs(t[0]) + t[1] * t[1] + 1.0; };
  const Values theta{distance, 0.5};
  BOOST_TEST((gc::check(cost, Values{1.0, 1.0}, theta).verdict != gc::Verdict::fail));
  BOOST_TEST((gc::check(cost, Values{-1.0, 1.0}, theta).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(noise_of_a_float_cost_leaves_small_errors_open) {
  const auto cost = [](Span t) {
    return static_cast<double>(std::sin(static_cast<float>(t[0])) + 2.0F);
  };
  const Values theta{0.5};
  const auto result = gc::check(cost, Values{std::cos(0.5)}, theta);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(result.blocks[0].detectable > 1e-7);
  BOOST_TEST((gc::check(cost, Values{1.1 * std::cos(0.5)}, theta).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(blind_spots_are_named) {
  const auto flat = [](Span) { return 1.0; };
  const auto nothing = gc::check(flat, Values{0.0, 0.0}, Values{1.0, 2.0});
  BOOST_TEST((nothing.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(mentions(nothing, "nothing was exercised"));
  BOOST_TEST(mentions(gc::check(flat, Values{0.0}, Values{1.0}, textbook()), "nothing was"));

  gc::ParameterVector theta;
  theta.add("used", 1, {1}, Values{1.0});
  theta.add("idle", 2, {1}, Values{1.0});
  const auto one = gc::check([](Span t) { return t[0] * t[0]; }, Values{2.0, 0.0}, theta);
  BOOST_TEST(one);
  BOOST_TEST(mentions(one, "depend on idle"));
  BOOST_TEST(!gc::check([](Span t) { return t[0] * t[0]; }, Values{2.0, 1e-3}, theta));
}

BOOST_AUTO_TEST_CASE(a_wrong_bias_behind_a_large_weight_is_named_by_both_methods) {
  gc::ParameterVector theta;
  theta.add("W", 1, {1}, Values{1.0});
  theta.add("b", 1, {1}, Values{1.0});
  const auto cost = [](Span t) { return 1e8 * t[0] * t[0] + t[1] * t[1]; };
  const Values wrong{2e8, 4.0};
  BOOST_TEST((gc::check(cost, wrong, theta).block("b").verdict == gc::Verdict::fail));
  const auto letter = gc::check(cost, wrong, theta, textbook());
  BOOST_TEST((letter.band == gc::Band::excellent));
  BOOST_TEST(mentions(letter, "b alone has difference"));
}

BOOST_DATA_TEST_CASE(live_randomness_is_never_a_pass, data::make({0, 1}), m) {
  int calls = 0;
  const auto cost = [&](Span t) { return square(t) * (++calls % 2 == 0 ? 1.0 : 0.5); };
  gc::Options options = m == 0 ? textbook() : gc::Options{};
  const Values theta{0.5, -1.0};
  const auto result = gc::check(cost, square_gradient, theta, options);
  BOOST_TEST(!result);
  BOOST_TEST(!result.deterministic);
  BOOST_TEST(mentions(result, "not deterministic"));
}

BOOST_AUTO_TEST_CASE(cost_that_is_not_a_number_fails) {
  const auto result = gc::check([](Span) { return std::nan(""); }, Values{1.0}, Values{1.0});
  BOOST_TEST((result.verdict == gc::Verdict::fail));
}

// The gradient of a wrong entry is asked for beside theta, too, where it may have no value.
BOOST_AUTO_TEST_CASE(a_gradient_that_throws_beside_theta_is_judged_at_theta) {
  const auto cost = [](Span t) {
    if (t[0] <= 0.0) throw std::domain_error("log of what is not positive");
    return t[0] - std::log(t[0]) * t[1];
  };
  for (const double sign : {1.0, -1.0}) {
    const auto gradient = [&](Span t) {
      if (t[0] != 1e-6) throw std::domain_error("only here");
      return Values{1.0 - sign * t[1] / t[0], -std::log(t[0])};
    };
    const auto result = gc::check(cost, gradient, Values{1e-6, 0.7});
    BOOST_TEST((result.verdict == (sign > 0 ? gc::Verdict::pass : gc::Verdict::fail)),
               gc::report(result));
  }
  const auto never = [](Span) -> Values { throw std::domain_error("no"); };
  BOOST_CHECK_THROW(static_cast<void>(gc::check(cost, never, Values{1e-6, 0.7})),
                    std::domain_error);
}

// At θ an exception is the caller's; away from it J has no value there, which is said.
BOOST_AUTO_TEST_CASE(theta_keeps_its_bits_even_when_the_cost_throws) {
  const Values theta{0.5, -0.0, 2.0};
  const Values before = theta;
  const auto never = [&](Span) -> double { throw std::runtime_error("never"); };
  BOOST_CHECK_THROW(gc::check(never, square_gradient, theta), std::runtime_error);
  const auto domain = [&](Span t) {
    if (t[2] < 2.0) throw std::runtime_error("sigma must be at least 2");
    return square(t);
  };
  const auto result = gc::check(domain, square_gradient, theta);
  BOOST_TEST(result, result);
  BOOST_TEST(mentions(result, "sigma must be at least 2"), result);
  BOOST_TEST(theta == before, boost::test_tools::per_element());
  BOOST_TEST(std::signbit(theta[1]));
  const auto wrong = [](Span t) {
    Values g = square_gradient(t);
    g[2] *= 1.001;
    return g;
  };
  BOOST_TEST((gc::check(domain, wrong, theta).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(a_stopped_check_says_so) {
  const Values theta(3000, 0.5);
  gc::Options options;
  options.progress = [](const gc::Progress& p) { return p.done < 1000; };
  const auto result = gc::check(square, square_gradient, theta, options);
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
}

BOOST_AUTO_TEST_CASE(progress_knows_the_time_left) {
  gc::Progress progress;
  progress.total = 40;
  BOOST_TEST(std::isinf(progress.seconds_left()));
  progress.done = 10;
  progress.seconds = 2.0;
  BOOST_TEST(progress.seconds_left() == 6.0);
}

BOOST_AUTO_TEST_CASE(bad_requests_are_refused) {
  const Values theta{0.5, 1.0};
  gc::Options options;
  options.epsilon = 0.0;
  BOOST_CHECK_THROW(gc::check(square, square_gradient, theta, options), gc::OptionError);
  options = {};
  options.blocks = {"W1"};
  BOOST_CHECK_THROW(gc::check(square, square_gradient, theta, options), gc::NameError);
  options = {};
  options.layers = {7};
  BOOST_CHECK_THROW(gc::check(square, square_gradient, theta, options), gc::NameError);
  BOOST_CHECK_THROW(gc::check(square, Values{1.0}, theta), gc::ShapeError);
  BOOST_CHECK_THROW(gc::check(square, Values{}, Values{}), gc::ShapeError);
}

BOOST_AUTO_TEST_CASE(reports_name_what_is_wrong) {
  const Values theta{0.5, -1.0};
  Values wrong = square_gradient(theta);
  wrong[1] = -wrong[1];
  const auto result = gc::check(square, wrong, theta);
  const std::string text = gc::report(result);
  BOOST_TEST(text.find("theta[1]") != std::string::npos);
  BOOST_TEST(text.find("\x1b[") == std::string::npos);
  BOOST_TEST(gc::report(result, {.colour = true}).find("\x1b[") != std::string::npos);
  const std::string page = gc::report_html(result, "a < b");
  BOOST_TEST(page.find("<svg") != std::string::npos);
  BOOST_TEST(page.find("a &lt; b") != std::string::npos);
  BOOST_TEST(page.find("<script") == std::string::npos);
  BOOST_TEST(page.find("src=") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(statement_7_the_textbook_sentence) {
  BOOST_TEST(gc::textbook_sentence(1.5e-7) == "There is a mistake, the difference is 1.5e-07");
  BOOST_TEST(gc::textbook_sentence(1.5e-7, 2e-7) == "Good, the difference is 1.5e-07");
  BOOST_TEST(gc::textbook_sentence(1.5e-7, 2e-7, true) ==
             "\x1b[32mGood, the difference is 1.5e-07\x1b[0m");
  BOOST_TEST(gc::textbook_sentence(std::nan("")).starts_with("There is a mistake"));
}

BOOST_AUTO_TEST_SUITE_END()
