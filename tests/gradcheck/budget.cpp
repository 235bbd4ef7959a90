// Checks that must end before every entry could be looked at.

#include "gradcheck/budget.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gradcheck/directions.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "gradcheck/report/report_junit.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace bdata = boost::unit_test::data;
using Values = std::vector<double>;

constexpr std::size_t n = 4000;
const std::vector<std::pair<std::string, std::size_t>> layout{
    {"W1", 2500}, {"b1", 50}, {"W2", 1400}, {"b2", 50}};

double rate(std::size_t i) { return 0.5 + static_cast<double>(i % 7) / 7; }
double start(std::size_t i) { return std::sin(3.0 * static_cast<double>(i)); }

/// J = sum of sin(rate t), each term tied to the next.
double cost(std::span<const double> t) {
  double sum = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    sum += std::sin(rate(i) * t[i]) + 0.1 * t[i] * t[(i + 1) % t.size()];
  }
  return sum;
}
Values right(std::span<const double> t) {
  Values g(t.size());
  for (std::size_t i = 0; i < t.size(); ++i) {
    const std::size_t before = (i + t.size() - 1) % t.size();
    g[i] = rate(i) * std::cos(rate(i) * t[i]) + 0.1 * (t[(i + 1) % t.size()] + t[before]);
  }
  return g;
}

ParameterVector theta() {
  ParameterVector all;
  std::size_t i = 0, layer = 0;
  for (const auto& [name, size] : layout) {
    Values own(size);
    for (double& v : own) v = start(i++);
    all.add(name, 1 + layer++ / 2, {size}, own);
  }
  return all;
}

Options with(std::size_t evaluations) {
  Options options;
  options.budget.emplace().evaluations = evaluations;
  return options;
}

/// One evaluation more than was allowed is let pass for each stage that was at work.
constexpr std::size_t allowed = 3000, overrun = 400;

bool says(const Result& result, const std::string& words) {
  return std::ranges::any_of(
      result.notes, [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(budget)

BOOST_AUTO_TEST_CASE(what_fits_is_checked_whole) {
  const ParameterVector small = unnamed(Values{0.3, -0.7});
  const Result result = check(cost, right(small.values()), small, with(1000));
  BOOST_TEST(static_cast<bool>(result));
  BOOST_TEST(!result.sampled);
  BOOST_TEST(!result.blocks[0].sight.has_value());
  const Result whole = check(cost, right(small.values()), small);
  BOOST_TEST(result.numeric == whole.numeric, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_right_gradient_passes_with_what_was_seen_stated) {
  const ParameterVector t = theta();
  const Result result = check(cost, right(t.values()), t, with(allowed));
  BOOST_TEST(static_cast<bool>(result), report(result));
  BOOST_TEST(result.sampled);
  BOOST_TEST(result.evaluations <= allowed + overrun);
  BOOST_TEST(says(result, "a check of all would take about 32050 evaluations"), report(result));
  BOOST_TEST(result.analytic.size() == n);
  BOOST_TEST(result.numeric.size() == n);
  for (const BlockResult& block : result.blocks) {
    BOOST_REQUIRE(block.sight.has_value());
    BOOST_TEST(block.sight->error < 1e-4);
    BOOST_TEST(block.sight->error > result.tolerance);
    BOOST_TEST(block.sight->probability == sight_probability);
    BOOST_TEST(block.sight->measured > 0U);
    BOOST_TEST(block.sight->measured < block.size);
    std::size_t measured = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      measured += std::isfinite(result.numeric[i]) ? 1 : 0;
    }
    BOOST_TEST(measured == block.sight->measured);
  }
}

/// The claim itself: an error of the size that a sight names, of one entry or a few, is seen. Each
/// of 100 is missed with probability 1e-3 at most: two or more of them with less than 0.005.
BOOST_AUTO_TEST_CASE(what_a_sight_promises_is_kept) {
  const ParameterVector t = theta();
  const Values g = right(t.values());
  const auto within = [&](const Values& gradient, std::uint64_t seed) {
    return check_within(
        cost, gradient, t,
        {.budget = {.evaluations = 600}, .most_places = 1, .seed = seed, .check = {}});
  };
  std::size_t missed = 0, tried = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const Result honest = within(g, seed);
    BOOST_TEST((honest.verdict == Verdict::pass), report(honest));
    for (const BlockResult& block : honest.blocks) {
      double squares = 0.0;
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) squares += g[i] * g[i];
      const double error = block.sight->error * std::sqrt(squares);
      const std::size_t entries = std::min<std::size_t>(1 + 2 * (seed % 3), block.size);
      Values wrong = g;
      for (std::size_t k = 0; k < entries; ++k) {
        wrong[block.offset + (7 * seed + k) % block.size] +=
            (k % 2 == 0 ? 1.0 : -1.0) * error / std::sqrt(static_cast<double>(entries));
      }
      missed += within(wrong, seed) ? 1 : 0;
      ++tried;
    }
  }
  BOOST_TEST(tried == 100U);
  BOOST_TEST(missed <= 1U);
}

BOOST_DATA_TEST_CASE(an_error_of_1e_4_in_any_block_is_found_and_placed,
                     bdata::make({17, 2499, 2520, 2600, 3949, 3999}), at) {
  const ParameterVector t = theta();
  Values wrong = right(t.values());
  wrong[static_cast<std::size_t>(at)] += 1e-4;  // of derivatives of about 1
  const Result result = check(cost, wrong, t, with(allowed));
  BOOST_TEST((result.verdict == Verdict::fail), report(result));
  const std::vector<Component> worst = result.worst();
  BOOST_REQUIRE(!worst.empty());
  BOOST_TEST(worst[0].position == static_cast<std::size_t>(at));
  BOOST_TEST((worst[0].verdict == Verdict::fail));
  BOOST_TEST(worst[0].replay.find(to_string(t.key(worst[0].position))) != std::string::npos);
  const Key key = t.key(static_cast<std::size_t>(at));
  for (const BlockResult& block : result.blocks) {
    const bool mine = block.name == t.blocks()[key.block].name;
    BOOST_TEST((block.verdict == (mine ? Verdict::fail : Verdict::pass)), report(result));
    BOOST_TEST(block.failed == (mine ? 1U : 0U));
  }
  BOOST_TEST(result.evaluations <= allowed + overrun);
}

BOOST_AUTO_TEST_CASE(a_wrong_factor_is_named) {
  const ParameterVector t = theta();
  Values wrong = right(t.values());
  for (std::size_t i = 2550; i < 3950; ++i) wrong[i] *= 2.0;
  const Result result = check(cost, wrong, t, with(allowed));
  BOOST_TEST((result.block("W2").verdict == Verdict::fail), report(result));
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes[0].pattern == Pattern::factor), report(result));
  BOOST_TEST((result.block("W1").verdict == Verdict::pass), report(result));
}

BOOST_AUTO_TEST_CASE(nan_is_found_without_a_question) {
  const ParameterVector t = theta();
  Values wrong = right(t.values());
  wrong[2600] = std::numeric_limits<double>::quiet_NaN();
  const Result result = check(cost, wrong, t, with(allowed));
  BOOST_TEST((result.block("W2").verdict == Verdict::fail), report(result));
  BOOST_TEST(result.worst()[0].position == 2600U);
}

/// Where even two directions for each block are too many, blocks move together; what that leaves
/// unseen is not called right.
BOOST_AUTO_TEST_CASE(a_small_budget_says_less) {
  const ParameterVector t = theta();
  const Values g = right(t.values());
  const Result little = check(cost, g, t, with(200));
  const Result more = check(cost, g, t, with(allowed));
  BOOST_TEST(little.evaluations <= 200U + overrun);
  BOOST_TEST((little.verdict != Verdict::fail), report(little));
  double worst_little = 0.0, worst_more = 0.0;
  for (std::size_t b = 0; b < 4; ++b) {
    BOOST_REQUIRE(little.blocks[b].sight.has_value());
    worst_little = std::max(worst_little, little.blocks[b].sight->error);
    worst_more = std::max(worst_more, more.blocks[b].sight->error);
  }
  BOOST_TEST(worst_more < worst_little);
}

BOOST_AUTO_TEST_CASE(a_budget_of_time_is_kept) {
  const ParameterVector t = theta();
  Options options;
  options.budget.emplace().seconds = 0.05;
  const Result result = check(cost, right(t.values()), t, options);
  // A check of all takes 32,050 evaluations of some 50 us: more than a second.
  BOOST_TEST(result.sampled);
  BOOST_TEST(result.evaluations < 32050U);
  BOOST_TEST((result.verdict != Verdict::fail), report(result));
}

/// Where only single moves can be asked for, a sample is all there is, and it proves little.
BOOST_AUTO_TEST_CASE(probes_alone_are_sampled) {
  const ParameterVector t = theta();
  CostProbes probes(cost, t.values());
  const Values g = right(t.values());
  const Result result = check_probes(std::ref(probes), g, t, with(allowed));
  BOOST_TEST((result.verdict == Verdict::inconclusive), report(result));
  const BlockResult& block = result.block("W1");
  BOOST_REQUIRE(block.sight.has_value());
  BOOST_TEST(block.sight->probability == static_cast<double>(block.sight->measured) / 2500.0);
  const Cost anywhere = cost;
  const Result both = check_within(std::ref(probes), &anywhere, g, t,
                                   {.budget = {.evaluations = allowed}, .check = {}});
  BOOST_TEST((both.verdict == Verdict::pass), report(both));
}

BOOST_AUTO_TEST_CASE(reports_say_it) {
  const ParameterVector t = theta();
  Values wrong = right(t.values());
  wrong[17] += 1e-4;
  const Result result = check(cost, wrong, t, with(allowed));
  BOOST_TEST(report(result).find("an error is seen from") != std::string::npos);
  BOOST_TEST(report_html(result, "t").find("an error is seen from") != std::string::npos);
  BOOST_TEST(report_junit(result, "t").find("an error is seen from") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_buys_nothing) {
  const ParameterVector t = theta();
  const Values g = right(t.values());
  BOOST_CHECK_THROW(static_cast<void>(check(cost, g, t, with(0))), OptionError);
  Options options;
  options.budget.emplace().seconds = 0;
  BOOST_CHECK_THROW(static_cast<void>(check(cost, g, t, options)), OptionError);
  options = with(100);
  options.method = Method::textbook;
  BOOST_CHECK_THROW(static_cast<void>(check(cost, g, t, options)), OptionError);
}

BOOST_AUTO_TEST_CASE(who_does_not_plan_refuses_a_budget) {
  const ParameterVector t = theta();
  const Values g = right(t.values());
  SampleOptions sample{.count = 5, .check = with(100)};
  BOOST_CHECK_THROW(static_cast<void>(check_sample(cost, g, t, sample)), OptionError);
  DirectionOptions directions;
  directions.check = with(100);
  BOOST_CHECK_THROW(static_cast<void>(check_directions(cost, g, t, directions)), OptionError);
  BOOST_CHECK_THROW(static_cast<void>(find_bad_entries(cost, g, t, 8, directions)), OptionError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
