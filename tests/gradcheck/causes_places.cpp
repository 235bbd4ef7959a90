// Causes that lie in single entries.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck/check.hpp"

namespace gc = dtheta::gradcheck;
using gc::Pattern;
using Span = std::span<const double>;
using Values = std::vector<double>;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(causes_places)

// One wrong entry whose factor has a name: the angle of three parameters is in degrees.
BOOST_AUTO_TEST_CASE(a_factor_of_one_entry_is_named) {
  const double unit = std::acos(-1.0) / 180.0;
  const gc::Cost cost = [=](Span t) { return std::sin(unit * t[0]) + t[1] * t[1] + t[0] * t[2]; };
  const Values theta{30.0, 0.5, 0.25};
  const auto sentence = [&](double first) {
    const auto result = gc::check(cost, Values{first, 1.0, 30.0}, theta);
    BOOST_REQUIRE(!result.causes.empty());
    BOOST_TEST((result.causes.front().pattern == Pattern::one_entry));
    return result.causes.front().sentence;
  };
  const double right = unit * std::cos(unit * 30.0) + 0.25;
  for (const auto& [times, name] : {std::pair(1.0 / unit, "180/pi times"),
                                    {unit, "pi/180 times"},
                                    {-1.0, "-1 times"},
                                    {std::log(10.0), "log(10) times"}}) {
    BOOST_TEST(says(sentence(times * right), std::string("(entry 0)")), sentence(times * right));
    BOOST_TEST(says(sentence(times * right), name), sentence(times * right));
  }
  BOOST_TEST(says(sentence(1.2345 * right), "an index, an edge case"), sentence(1.2345 * right));
}

// `if (w[i] != 0) ...`, as code for sparse parameters has it.
BOOST_AUTO_TEST_CASE(code_that_leaves_out_zeros_is_named) {
  const gc::Cost cost = [](Span t) {
    double sum = 0.0;
    for (std::size_t i = 0; i < t.size(); ++i) sum += std::sin(t[i] + 0.3 * double(i) + 0.2);
    return sum;
  };
  const auto pattern = [&](const Values& theta, std::size_t forgotten) {
    Values gradient;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double right = std::cos(theta[i] + 0.3 * double(i) + 0.2);
      gradient.push_back(theta[i] == 0.0 || i == forgotten ? 0.0 : right);
    }
    const auto result = gc::check(cost, gradient, theta);
    BOOST_REQUIRE(!result.causes.empty());
    return result.causes.front();
  };
  const auto none = std::size_t(-1);
  const gc::Cause skipped = pattern({0.4, 0.0, -1.0, 0.0, 2.0, 0.0}, none);
  BOOST_TEST((skipped.pattern == Pattern::zero));
  BOOST_TEST(says(skipped.sentence, "where theta is zero (3 entries)"), skipped.sentence);
  // Neither where all of theta is zero, nor where another entry is wrong, too.
  BOOST_TEST(!says(pattern(Values(6, 0.0), none).sentence, "where theta is zero"));
  BOOST_TEST(!says(pattern({0.4, 0.0, -1.0, 0.0, 2.0}, 4).sentence, "where theta is zero"));
}

BOOST_AUTO_TEST_SUITE_END()
