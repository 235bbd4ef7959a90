// What continuous integration and a browser are given.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "gradcheck/report/exhibits.hpp"
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

BOOST_AUTO_TEST_SUITE_END()
