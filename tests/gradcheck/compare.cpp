// Two gradients without a cost.
#include "gradcheck/compare.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "gradcheck/errors.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace gc = dtheta::gradcheck;

namespace {

gc::ParameterVector two_blocks(const std::vector<double>& w, const std::vector<double>& b) {
  gc::ParameterVector v;
  v.add("w", 1, {2, 2}, w);
  v.add("b", 1, {2}, b);
  return v;
}

const gc::ParameterVector reference = two_blocks({3, 0, 0, 4}, {1, 2});

}  // namespace

BOOST_AUTO_TEST_SUITE(comparison)

// |(3, 4) - (3, 4 + d)| / (5 + |(3, 4 + d)|)
BOOST_AUTO_TEST_CASE(a_block_fails_beyond_the_tolerance) {
  const double d = 1e-3;
  const gc::ParameterVector off = two_blocks({3, 0, 0, 4 + d}, {1, 2});
  const double difference = d / (5 + std::hypot(3, 4 + d));
  for (const double part : {0.99, 1.01}) {
    const gc::Result result = gc::compare(off, reference, {.tolerance = part * difference});
    BOOST_TEST((result.block("w").verdict == gc::Verdict::fail) == (part < 1));
    BOOST_TEST((result.block("b").verdict == gc::Verdict::pass));
    BOOST_TEST(std::abs(result.block("w").difference.value - difference) <= 1e-12);
  }
  const gc::Component worst = gc::compare(off, reference).block("w").worst.front();
  BOOST_TEST(to_string(worst.key) == "w[1, 1]");
  BOOST_TEST(gc::compare(off, reference).block("w").failed == 1U);
}

// Whenever a block fails, so does one of its entries: all within tol (|a| + |b|) / sqrt n would
// give a difference within tol.
BOOST_AUTO_TEST_CASE(a_failing_block_has_a_failing_entry) {
  const gc::ParameterVector off =
      two_blocks({3 + 1.1e-7, 1.1e-7, -1.1e-7, 4 - 1.1e-7}, {1 + 4e-8, 2 - 4e-8});
  for (const double tolerance : {1e-9, 1e-8, 2.1e-8, 2.3e-8, 1e-7}) {
    for (const gc::BlockResult& block :
         gc::compare(off, reference, {.tolerance = tolerance}).blocks) {
      BOOST_TEST((block.verdict == gc::Verdict::fail) == (block.failed > 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(nan_and_infinity_fail_on_either_side) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const gc::ParameterVector broken = two_blocks({3, bad, 0, 4}, {1, 2});
    BOOST_TEST((gc::compare(broken, reference).block("w").verdict == gc::Verdict::fail));
    BOOST_TEST((gc::compare(reference, broken).block("w").verdict == gc::Verdict::fail));
    BOOST_TEST((gc::compare(broken, broken).block("w").verdict == gc::Verdict::fail));
    BOOST_TEST((gc::compare(broken, reference).block("b").verdict == gc::Verdict::pass));
  }
}

BOOST_AUTO_TEST_CASE(zeros_on_both_sides_prove_nothing) {
  const gc::ParameterVector zero = two_blocks({0, 0, 0, 0}, {0, 0});
  BOOST_TEST((gc::compare(zero, zero).verdict == gc::Verdict::inconclusive));
  BOOST_TEST((gc::compare(zero, reference).verdict == gc::Verdict::fail));
}

BOOST_AUTO_TEST_CASE(reports_speak_of_gradient_and_reference) {
  const gc::Result result = gc::compare(two_blocks({6, 0, 0, 8}, {1, 2}), reference);
  for (const std::string& text : {gc::report(result), gc::report_html(result)}) {
    BOOST_TEST(text.find("reference") != std::string::npos);
    BOOST_TEST(text.find("2 times the right one") != std::string::npos);
    BOOST_TEST(text.find("evaluations") == std::string::npos);
    BOOST_TEST(text.find("numeric<") == std::string::npos);
  }
  BOOST_TEST(gc::report_junit(result).find("failures=\"1\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_compared) {
  gc::ParameterVector other;
  other.add("w", 1, {4}, std::vector<double>(4));
  other.add("b", 1, {2}, std::vector<double>(2));
  BOOST_CHECK_THROW(gc::compare(other, reference), gc::ShapeError);
  BOOST_CHECK_THROW(gc::compare({}, {}), gc::ShapeError);
  BOOST_CHECK_THROW(gc::compare(reference, reference, {.tolerance = 0}), gc::OptionError);
  const std::vector<double> theta(5);
  BOOST_CHECK_THROW(gc::compare(reference, reference, {.theta = theta}), gc::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()
