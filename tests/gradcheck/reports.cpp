// What continuous integration and a browser are given.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/compare.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/report/exhibits.hpp"
#include "gradcheck/report/headline.hpp"
#include "gradcheck/report/plot.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "gradcheck/report/report_junit.hpp"
#include "tests/gradcheck/models.hpp"

namespace gc = dtheta::gradcheck;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

struct Wrong {
  gradcheck_test::Model model = gradcheck_test::make_model({});
  std::vector<double> gradient = model.right;
  gc::Result result;

  Wrong() {
    const auto& block = model.theta.block("W2");
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) gradient[i] *= 2.0;
    result = gc::check(model.cost, gradient, model.theta);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(junit_has_a_case_per_block) {
  const Wrong wrong;
  const std::string xml = gc::report_junit(wrong.result, "a < b");
  BOOST_TEST(count(xml, "<testcase") == wrong.result.blocks.size());
  BOOST_TEST(count(xml, "<failure") == 1U);
  BOOST_TEST(xml.find("failures=\"1\"") != std::string::npos);
  BOOST_TEST(xml.find("a &lt; b") != std::string::npos);
  BOOST_TEST(xml.find("2 times the right one") != std::string::npos);
}

// The error of a right entry is a V over the step, of a wrong one a floor at its error: 1/2.
BOOST_AUTO_TEST_CASE(curves_tell_right_from_wrong) {
  const Wrong wrong;
  const auto exhibits =
      gc::collect_exhibits(wrong.model.cost, wrong.gradient, wrong.model.theta, wrong.result);
  BOOST_REQUIRE(exhibits.curves.size() == 4U);
  for (const auto& curve : exhibits.curves) {
    const double least = *std::ranges::min_element(curve.errors);
    if (curve.component.key.name == "W2") {
      BOOST_TEST(std::abs(least - 0.5) < 0.05);
    } else {
      BOOST_TEST(least < 1e-7);
      BOOST_TEST(curve.errors.front() > 100.0 * least);
      BOOST_TEST(curve.errors.back() > 100.0 * least);
    }
  }
  BOOST_TEST(std::abs(exhibits.taylor.front().slope - 1.0) < 0.2);
}

BOOST_AUTO_TEST_CASE(page_shows_cause_scatter_curves_and_slopes) {
  const Wrong wrong;
  const auto exhibits =
      gc::collect_exhibits(wrong.model.cost, wrong.gradient, wrong.model.theta, wrong.result);
  const std::string page = gc::report_html(wrong.result, "page", exhibits);
  BOOST_TEST(count(page, "class=\"plot\"") == 3U);
  BOOST_TEST(page.find("2 times the right one") != std::string::npos);
  BOOST_TEST(page.find("nan") == std::string::npos);
  BOOST_TEST(page.find("<script") == std::string::npos);
}

// Values that differ by about one rounding: the ticks between them were once summed, for ever.
BOOST_AUTO_TEST_CASE(axes_of_any_range_end) {
  const std::array<double, 1> x{0.5};
  const std::array<double, 1> g{0.7};
  const auto line = [](std::span<const double> t) { return 0.7 * t[0]; };
  const auto passing = gc::check(line, g, x);
  const std::string page =
      gc::report_html(passing, "line", gc::collect_exhibits(line, g, gc::unnamed(x), passing));
  BOOST_TEST(page.size() < 100000U);
  BOOST_TEST(count(page, "nan") == 0U);
  const double next = std::nextafter(0.7, 1.0);
  for (const std::vector<double>& values : {std::vector<double>{0.7, next},
                                            {1e300, 1.0},
                                            {1.7e308, -1.7e308},
                                            {5e-324, 1e-323},
                                            {0.0},
                                            {-0.0, 1e-310},
                                            {-7.0, -7.0},
                                            {1e17, 1e17 + 16.0},
                                            {}}) {
    for (const bool logarithmic : {false, true}) {
      const std::string svg =
          gc::detail::plot({"t", "x", "y", logarithmic, true}, {{"s", "#000", values, values}});
      BOOST_TEST(count(svg, "class=\"grid\"") >= 2U);  // one tick on each axis at least
      BOOST_TEST(count(svg, "class=\"grid\"") <= 32U);
      BOOST_TEST(count(svg, "nan") + count(svg, "inf") == 0U, svg);
    }
  }
}

BOOST_AUTO_TEST_CASE(names_from_files_break_nothing) {
  gc::ParameterVector theta;
  const std::string name = "W\x1b[31m\xff<&\xc3\xa9\xed\xa0\x80\x01";
  theta.add(name, 1, {2}, std::vector{0.5, 1.5});
  const auto square = [](std::span<const double> t) { return t[0] * t[0] + t[1] * t[1]; };
  const std::vector<double> wrong{2.0, 3.0};
  const gc::Result result = gc::check(square, wrong, theta);
  const std::string shown = "W\\x1b[31m\\xff";
  for (const std::string& text :
       {gc::report(result), gc::report_html(result, name), gc::report_junit(result, name)}) {
    BOOST_TEST(count(text, shown) > 0U);
    BOOST_TEST(count(text, "\xc3\xa9") > 0U);  // an e with its accent stays
    for (const char* bad : {"\x1b", "\x01", "\xff", "\xed\xa0"}) BOOST_TEST(count(text, bad) == 0U);
  }
}

// One sentence on top says what the verdict says; the courses' praise never stands over a failure.
BOOST_AUTO_TEST_CASE(the_headline_is_the_verdict) {
  const auto square = [](std::span<const double> t) {
    double sum = 0.0;
    for (const double v : t) sum += v * v;
    return sum;
  };
  // One of a thousand entries is wrong by too little for the difference of the whole.
  std::vector<double> theta(1000), gradient(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    theta[i] = 1.0 + 1e-3 * static_cast<double>(i);
    gradient[i] = 2.0 * theta[i];
  }
  gradient[7] *= 1.0 + 1e-5;
  const auto hidden = gc::check(square, gradient, theta);
  BOOST_TEST((hidden.verdict == gc::Verdict::fail));
  BOOST_TEST((hidden.band != gc::Band::critical));
  BOOST_TEST(gc::headline(hidden) ==
             "The gradient is wrong: 1 of 1000 entries contradicts the differences of J, in theta; "
             "the worst is theta[7].");
  for (const std::string& text : {gc::report(hidden), gc::report_html(hidden)}) {
    BOOST_TEST(count(text, gc::headline(hidden)) == 1U);
    BOOST_TEST(count(text, "likely correct") + count(text, "may be fine") == 0U);
  }
  // Nothing exercised: difference 0, and nothing learnt.
  const auto constant = [](std::span<const double>) { return 3.0; };
  for (const gc::Method method : {gc::Method::adaptive, gc::Method::textbook}) {
    gc::Options options;
    options.method = method;
    const auto idle = gc::check(constant, std::vector{0.0, 0.0}, std::vector{1.0, 2.0}, options);
    BOOST_TEST((idle.verdict == gc::Verdict::inconclusive));
    BOOST_TEST(gc::headline(idle).starts_with("This check cannot tell"));
    BOOST_TEST(count(gc::report(idle), "likely correct") == 0U);
    BOOST_TEST(count(gc::report(idle), "excellent)") == 0U);
    BOOST_TEST(
        gc::textbook_sentence(idle).starts_with("The difference is 0, but that says nothing"));
  }
  const auto right = gc::check(square, std::vector{1.0, 3.0}, std::vector{0.5, 1.5});
  BOOST_TEST(gc::headline(right).starts_with("The gradient agrees"));
  gc::ParameterVector a = gc::unnamed(std::vector{1.0, 2.0}),
                      b = gc::unnamed(std::vector{1.0, 2.5});
  BOOST_TEST(gc::headline(gc::compare(a, a)).starts_with("The two gradients agree"));
  BOOST_TEST(
      gc::headline(gc::compare(a, b)).starts_with("The two gradients differ: 1 of 2 entries"));
}

// The textbook judges the whole; what is far off by itself is said to be so all the same.
BOOST_AUTO_TEST_CASE(the_textbook_lists_wrong_entries_as_wrong) {
  const auto square = [](std::span<const double> t) { return t[0] * t[0] + t[1] * t[1]; };
  gc::Options options;
  options.method = gc::Method::textbook;
  const auto result = gc::check(square, std::vector{2.0, 3.0}, std::vector{0.5, 1.5}, options);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  const std::string text = gc::report(result);
  BOOST_TEST(count(text, "  critical\n") == 2U, text);  // the block and its wrong entry
  BOOST_TEST(count(text, "  within the noise\n") == 1U, text);
  BOOST_TEST(count(text, "  pass\n") == 0U, text);
  BOOST_TEST(count(gc::report_junit(result), "1 of 2 entries wrong") == 1U);
  BOOST_TEST(count(gc::report_html(result), ">critical</tr>") == 1U);
}

// max(x, x^2) at 1, where any value from 1 to 2 is right.
BOOST_AUTO_TEST_CASE(a_value_beyond_a_corner_is_shown_beside_both_slopes) {
  const auto cost = [](std::span<const double> t) { return std::max(t[0], t[0] * t[0]); };
  const auto result = gc::check(cost, std::vector{2.25}, std::vector{1.0});
  BOOST_REQUIRE((result.verdict == gc::Verdict::fail));
  const std::string text = gc::report(result);
  BOOST_TEST(count(text, "1 and 2 on the two sides of a corner of J") == 1U, text);
  BOOST_TEST(count(text, "2.50e-01   beyond both") == 1U, text);
  BOOST_TEST(count(text, "lies beyond both") > 0U, text);
  BOOST_TEST(count(text, "another point or batch") == 0U, text);
  // A corner moves J: a gradient of zero there is no check of nothing.
  const auto relu = [](std::span<const double> t) { return std::max(t[0], 0.0); };
  BOOST_TEST((gc::check(relu, std::vector{0.0}, std::vector{0.0}).verdict == gc::Verdict::pass));
}

// Who reads "inconclusive" is told what hides the answer and what could be asked instead.
BOOST_AUTO_TEST_CASE(noise_that_hides_the_answer_is_named) {
  const auto cost = [](std::span<const double> t) {
    return static_cast<double>(static_cast<float>(std::exp(t[0]) + std::sin(t[1])));
  };
  const std::vector theta{0.3, 0.7}, right{std::exp(0.3), std::cos(0.7)};
  const auto open = gc::check(cost, right, theta);
  BOOST_REQUIRE((open.verdict == gc::Verdict::inconclusive));
  const std::string text = gc::report(open);
  BOOST_TEST(count(text, "of J, as where it is computed in float") == 1U, text);
  const std::string ask = "ask for a tolerance of ";
  const auto at = text.find(ask);
  BOOST_REQUIRE((at != std::string::npos));
  gc::Options options;
  options.tolerance = std::stod(text.substr(at + ask.size()));
  const auto asked = gc::check(cost, right, theta, options);
  BOOST_TEST((asked.verdict == gc::Verdict::pass), gc::report(asked));
}

BOOST_AUTO_TEST_CASE(an_inconclusive_check_is_not_green) {
  const auto constant = [](std::span<const double>) { return 3.0; };
  const auto idle = gc::check(constant, std::vector{0.0}, std::vector{1.0});
  BOOST_REQUIRE((idle.verdict == gc::Verdict::inconclusive));
  // Its only block passes: the case of the whole check does not.
  BOOST_TEST(count(gc::report_junit(idle), "<failure") == 1U);
  BOOST_TEST(count(gc::report_junit(idle), "failures=\"1\"") == 1U);
  // A block that is open.
  const auto smooth = [](std::span<const double> t) { return std::exp(t[0]); };
  gc::Options strict;
  strict.tolerance = 1e-17;  // below the rounding of J
  const auto open = gc::check(smooth, std::vector{std::exp(0.3)}, std::vector{0.3}, strict);
  BOOST_REQUIRE((open.verdict == gc::Verdict::inconclusive));
  using gc::Inconclusive;
  BOOST_TEST(count(gc::report_junit(open), "<failure message=\"inconclusive") == 1U);
  const std::string skipped = gc::report_junit(open, "s", {Inconclusive::skip});
  BOOST_TEST(count(skipped, "<skipped") == 1U);
  BOOST_TEST(count(skipped, "failures=\"0\" errors=\"0\" skipped=\"1\"") == 1U);
  const std::string passed = gc::report_junit(open, "s", {Inconclusive::pass});
  BOOST_TEST(count(passed, "<skipped") + count(passed, "<failure") == 0U);
  BOOST_TEST((gc::parse_inconclusive("skip") == Inconclusive::skip));
  BOOST_CHECK_THROW(static_cast<void>(gc::parse_inconclusive("green")), gc::OptionError);
}

BOOST_AUTO_TEST_SUITE_END()
