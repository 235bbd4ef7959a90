// Entries that are known to sit on a corner of J.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/report.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace bdata = boost::unit_test::data;
using Values = std::vector<double>;

bool says(const Result& result, const std::string& words) {
  return std::ranges::any_of(
      result.notes, [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(known_corners)

double with_corner(std::span<const double> t) {
  return std::abs(t[0]) + std::abs(t[1]) + 0.5 * t[2] * t[2];
}

BOOST_AUTO_TEST_CASE(a_right_slope_beside_it_still_fails) {
  const ParameterVector t = unnamed(Values{0.5, 0.0, -0.25});
  Options options;
  options.known_corners = {"theta[1]"};
  // J contradicts what lies outside of both slopes, known or not.
  const Result wrong = check(with_corner, Values{1.0, 3.0, -0.25}, t, options);
  BOOST_TEST((wrong.verdict == Verdict::fail), report(wrong));
  const Result fine = check(with_corner, Values{1.0, 0.3, -0.25}, t, options);
  BOOST_TEST((fine.verdict == Verdict::pass), report(fine));
  BOOST_TEST(fine.blocks[0].excused == 0U);
}

/// Two corners beside 0, closer than any step of a check comes.
double nearly_straight(std::span<const double> t) {
  return 3.0 * (t[0] + std::clamp(t[0], -1e-13, 1e-13)) + t[1];
}
Values between_them(std::span<const double> t) { return {std::abs(t[0]) < 1e-13 ? 6.0 : 3.0, 1.0}; }

BOOST_DATA_TEST_CASE(what_stays_open_is_excused_where_it_is_known,
                     bdata::make({"", "theta", "theta[0]", "#0", "theta[1]"}), known) {
  const ParameterVector t = unnamed(Values{0.0, 0.5});
  Options options;
  const std::string name = known;
  if (!name.empty()) options.known_corners = {name};
  const Result result = check(nearly_straight, between_them, t, options);
  const bool named = !name.empty() && name != "theta[1]";
  BOOST_TEST(result.blocks[0].excused == (named ? 1U : 0U), report(result));
  BOOST_TEST(result.blocks[0].inconclusive == (named ? 0U : 1U));
  BOOST_TEST((result.verdict == (named ? Verdict::pass : Verdict::inconclusive)), report(result));
  BOOST_TEST(says(result, "known corner") == named);
  BOOST_TEST((report(result).find("1 excused") != std::string::npos) == named);
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused) {
  const ParameterVector t = unnamed(Values{0.5, 0.0, -0.25});
  for (const char* name : {"phi", "theta[7]", "theta[0, 1]", "#9", ""}) {
    Options options;
    options.known_corners = {name};
    BOOST_CHECK_THROW(static_cast<void>(check(with_corner, Values{1.0, 0.3, -0.25}, t, options)),
                      NameError);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
