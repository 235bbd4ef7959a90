// Checks that must end before every entry could be looked at.

#include "gradcheck/budget.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "gradcheck/errors.hpp"

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

BudgetOptions with(std::size_t evaluations) {
  BudgetOptions options;
  options.budget.evaluations = evaluations;
  return options;
}

/// One evaluation more than was allowed is let pass for each stage that was at work.
constexpr std::size_t allowed = 3000, overrun = 400;

}  // namespace

BOOST_AUTO_TEST_SUITE(budget)

BOOST_AUTO_TEST_CASE(what_fits_is_checked_whole) {
  const ParameterVector small = unnamed(Values{0.3, -0.7});
  const BudgetResult result = check_within(cost, right(small.values()), small, with(1000));
  BOOST_TEST(static_cast<bool>(result));
  BOOST_REQUIRE(result.full.has_value());
  BOOST_TEST(result.statement == "every entry was checked");
}

BOOST_AUTO_TEST_CASE(a_right_gradient_passes_with_what_was_seen_stated) {
  const ParameterVector t = theta();
  const BudgetResult result = check_within(cost, right(t.values()), t, with(allowed));
  BOOST_TEST(static_cast<bool>(result), report(result));
  BOOST_TEST(!result.full.has_value());
  BOOST_TEST(result.sample.has_value());
  BOOST_TEST(result.evaluations <= allowed + overrun);
  for (const char* words : {"would have been missed with probability", "entries were checked; if",
                            "a check of all 4000 entries would take about 32050 evaluations"}) {
    BOOST_TEST(result.statement.find(words) != std::string::npos, result.statement);
  }
}

BOOST_DATA_TEST_CASE(an_error_of_1e_4_in_any_block_is_found_and_placed,
                     bdata::make({17, 2499, 2520, 2600, 3949, 3999}), at) {
  const ParameterVector t = theta();
  Values wrong = right(t.values());
  wrong[static_cast<std::size_t>(at)] += 1e-4;  // of derivatives of about 1
  const BudgetResult result = check_within(cost, wrong, t, with(allowed));
  BOOST_TEST((result.verdict == Verdict::fail), report(result));
  BOOST_REQUIRE(result.places.has_value());
  const std::vector<Component> worst = result.places->worst();
  BOOST_TEST(worst[0].position == static_cast<std::size_t>(at));
  BOOST_TEST((worst[0].verdict == Verdict::fail));
  const Key key = t.key(static_cast<std::size_t>(at));
  BOOST_REQUIRE(result.wrong_blocks.size() == 1U);
  BOOST_TEST(result.wrong_blocks[0] == t.blocks()[key.block].name);
  BOOST_TEST(result.evaluations <= allowed + overrun);
}

BOOST_AUTO_TEST_CASE(a_budget_of_time_is_kept) {
  const ParameterVector t = theta();
  BudgetOptions options;
  options.budget.seconds = 0.05;
  const BudgetResult result = check_within(cost, right(t.values()), t, options);
  // A check of all takes 32,050 evaluations of some 50 us: more than a second.
  BOOST_TEST(!result.full.has_value());
  BOOST_TEST(result.evaluations < 32050U);
  BOOST_TEST((result.verdict != Verdict::fail), report(result));
}

BOOST_AUTO_TEST_CASE(nothing_buys_nothing) {
  const ParameterVector t = theta();
  BOOST_CHECK_THROW(static_cast<void>(check_within(cost, right(t.values()), t, with(0))),
                    OptionError);
  BudgetOptions options;
  options.budget.seconds = 0;
  BOOST_CHECK_THROW(static_cast<void>(check_within(cost, right(t.values()), t, options)),
                    OptionError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
