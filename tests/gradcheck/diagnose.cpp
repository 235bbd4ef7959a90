// What a wrong gradient is taken for: by hand on small blocks, then on planted bugs.
#include "gradcheck/diagnose/diagnose.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "gradcheck/report/report.hpp"
#include "tests/gradcheck/mutants.hpp"

namespace gc = dtheta::gradcheck;
using gc::Pattern;
using Values = std::vector<double>;

namespace {

double quartic(std::span<const double> t) {
  double sum = 0.0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    sum += (1.0 + 0.3 * static_cast<double>(i)) * t[i] * t[i] * t[(i + 1) % t.size()];
  }
  return sum;
}

Values quartic_gradient(std::span<const double> t) {
  Values g(t.size(), 0.0);
  for (std::size_t i = 0; i < t.size(); ++i) {
    const std::size_t next = (i + 1) % t.size();
    const double weight = 1.0 + 0.3 * static_cast<double>(i);
    g[i] += 2.0 * weight * t[i] * t[next];
    g[next] += weight * t[i] * t[i];
  }
  return g;
}

gc::ParameterVector square_theta() {
  gc::ParameterVector theta;
  theta.add("W", 1, {3, 3}, Values{0.5, -1.0, 0.25, 1.5, -0.75, 0.3, 0.9, -1.2, 0.6});
  return theta;
}

gc::Cause cause_of(const Values& gradient, const gc::Hints& hints = {}) {
  gc::Options options;
  options.hints = hints;
  const auto result = gc::check(quartic, gradient, square_theta(), options);
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST(result.block("W").causes.front().sentence.size() > 0U);
  return result.causes.front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(diagnose)

BOOST_AUTO_TEST_CASE(a_right_gradient_has_no_cause) {
  const auto theta = square_theta();
  const auto result = gc::check(quartic, quartic_gradient(theta.values()), theta);
  BOOST_TEST(result);
  BOOST_TEST(result.causes.empty());
}

BOOST_AUTO_TEST_CASE(factors_are_named) {
  const auto right = quartic_gradient(square_theta().values());
  gc::Hints ten;
  ten.examples = 10;
  for (const double factor : {2.0, 0.5, -1.0, 10.0, 0.1, 1.25}) {
    Values g = right;
    for (double& v : g) v *= factor;
    const gc::Cause cause = cause_of(g, ten);
    BOOST_TEST((cause.pattern == (factor == -1.0 ? Pattern::sign : Pattern::factor)));
    BOOST_TEST(std::abs(cause.amount - factor) < 1e-8);
    BOOST_TEST(cause.confidence > 0.9);
  }
  Values g = right;
  for (double& v : g) v *= 10.0;
  BOOST_TEST(cause_of(g, ten).sentence.find("m = 10") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_regulariser_is_measured) {
  const auto theta = square_theta();
  auto g = quartic_gradient(theta.values());
  for (std::size_t i = 0; i < g.size(); ++i) g[i] -= 0.01 * theta.values()[i];
  const gc::Cause unknown = cause_of(g);
  BOOST_TEST((unknown.pattern == Pattern::l2));
  BOOST_TEST(std::abs(unknown.amount + 0.01) < 1e-8);
  gc::Hints hints;
  hints.l2 = 0.01;
  BOOST_TEST(cause_of(g, hints).sentence.find("is missing") != std::string::npos);
  hints.l2 = 0.02;
  BOOST_TEST(cause_of(g, hints).sentence.find("half its size") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_transpose_is_seen) {
  const auto right = quartic_gradient(square_theta().values());
  Values g(9);
  for (std::size_t i = 0; i < 9; ++i) g[(i % 3) * 3 + i / 3] = right[i];
  BOOST_TEST((cause_of(g).pattern == Pattern::transposed));
}

BOOST_AUTO_TEST_CASE(the_report_says_it) {
  const auto theta = square_theta();
  auto g = quartic_gradient(theta.values());
  for (double& v : g) v *= 2.0;
  const auto text = gc::report(gc::check(quartic, g, theta));
  BOOST_TEST(text.find("factor (certain") != std::string::npos);
  BOOST_TEST(text.find("2 times the right one") != std::string::npos);
}

// The small version of the benchmark program checker_mutants, which prints the whole matrix.
BOOST_AUTO_TEST_CASE(planted_bugs_are_caught_placed_and_named) {
  for (const bool single_precision : {false, true}) {
    std::size_t above = 0, caught = 0, placed = 0, named = 0;
    for (const auto& model : gradcheck_test::mutant_models(1)) {
      for (const auto& mutant :
           gradcheck_test::mutants_of(model, {1e-1, 1e-4, 1e-6}, single_precision)) {
        const auto outcome = gradcheck_test::try_mutant(model, mutant, single_precision);
        BOOST_TEST(!outcome.silent, model.name << ": " << mutant.bug);
        if (!outcome.above_floor) continue;
        ++above;
        caught += outcome.caught ? 1 : 0;
        placed += outcome.blocks_right ? 1 : 0;
        named += outcome.named ? 1 : 0;
      }
    }
    BOOST_TEST(above >= 500U);
    BOOST_TEST(1000 * caught >= 999 * above);
    BOOST_TEST(placed == above);
    BOOST_TEST(10 * named >= 9 * above);
  }
}

BOOST_AUTO_TEST_SUITE_END()
