// The small version of the benchmark program verdict_families.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>
#include <vector>

#include "benchmarks/families/outcome.hpp"
#include "gradcheck/report.hpp"

namespace data = boost::unit_test::data;

namespace families {

std::ostream& operator<<(std::ostream& out, const Family& family) {
  return out << family.number << " " << family.name;
}

}  // namespace families

namespace {

using families::Outcome;

/// How a case is drawn again by the benchmark program, and what the checker said of it.
struct Described {
  const families::Family& family;
  const families::Case& what;
  const families::Held& held;
};

std::ostream& operator<<(std::ostream& out, const Described& d) {
  out << to_string(d.held.outcome) << ": " << d.what.world->kind << "; " << d.what.candidate->name
      << (d.what.by_function ? ", function" : ", values") << "\nverdict_families --family "
      << d.family.number << " --seed " << d.what.seed << " --checks 1 --show\n";
  if (d.held.outcome == Outcome::thrown) return out << d.held.thrown;
  return out << d.held.result;
}

std::vector<families::Family> families_to_check() {
  const auto all = families::all_families();
  return {all.begin(), all.end()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verdict_families)

// What no verdict may do: pass a wrong gradient that a difference could have told from the right
// one, or that is off by more than the tolerance at all; accuse a right one; end in an exception
// that only J beside θ has thrown; leave open what differences show plainly.
BOOST_DATA_TEST_CASE(no_wrong_one_passes_and_no_right_one_is_accused,
                     data::make(families_to_check()), family) {
  constexpr std::size_t checks = 400;
  constexpr std::uint64_t first_seed = 70001;  // not those that the benchmark begins with
  std::size_t right_passed = 0, wrong_failed = 0;
  families::run(family, first_seed, checks,
                [&](const families::Case& what, const families::Held& held) {
                  const Described told{family, what, held};
                  BOOST_TEST((held.outcome != Outcome::passed), told);
                  BOOST_TEST((held.outcome != Outcome::accused), told);
                  BOOST_TEST((held.outcome != Outcome::thrown), told);
                  BOOST_TEST((held.outcome != Outcome::excused), told);
                  if (held.outcome != Outcome::as_it_should_be) return;
                  ++(what.is_right ? right_passed : wrong_failed);
                });
  // A checker that leaves everything open would do none of that.
  BOOST_TEST(right_passed > checks / 64U);
  BOOST_TEST(wrong_failed > checks / 4U);
}

BOOST_AUTO_TEST_SUITE_END()
