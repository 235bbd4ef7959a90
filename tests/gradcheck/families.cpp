// The small version of the benchmark program verdict_families.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
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
// one; accuse a right one; end in an exception that J has thrown beside θ alone.
BOOST_DATA_TEST_CASE(no_wrong_one_passes_and_no_right_one_is_accused,
                     data::make(families_to_check()), family) {
  constexpr std::size_t checks = 600;
  constexpr std::uint64_t first_seed = 70001;  // not those that the benchmark begins with
  std::map<Outcome, std::size_t> right, wrong;
  const auto tell = [&](const families::Case& what, const families::Held& held) {
    const Described told{family, what, held};
    BOOST_TEST((held.outcome != Outcome::passed), told);
    BOOST_TEST((held.outcome != Outcome::accused), told);
    BOOST_TEST((held.outcome != Outcome::thrown), told);
    ++(what.is_right ? right : wrong)[held.outcome];
  };
  families::run(family, first_seed, checks, tell);
  // Of what the best of all differences could see, that with quad's help has no noise but J's own,
  // a check in double may leave some open: where J is smooth one in forty, elsewhere, where quanta
  // of J cover most of the slope, one in six.
  const std::size_t failed = wrong[Outcome::as_it_should_be];
  BOOST_TEST((family.smooth ? 40U : 6U) * wrong[Outcome::excused] <= failed);
  BOOST_TEST(100U * wrong[Outcome::passed_small] <= failed);
  // A checker that leaves everything open would do none of that: of the right ones that differences
  // show to the tolerance most must pass.
  BOOST_TEST(right[Outcome::as_it_should_be] > right[Outcome::open_needlessly]);
}

// What once was judged wrongly: zeros that passed from a step at which a J that is cut off stands still, or
// from one that passed over all that J does; an accusation where sums in float stand still.
struct Regression {
  int family;
  std::uint64_t seed;
};
const std::vector<Regression> regressions{{4, 500773},    {13, 501952},   {13, 7771773},
                                          {10, 31000901}, {13, 52000657}, {13, 600458},
                                          {6, 830000331}};
std::ostream& operator<<(std::ostream& out, const Regression& r) {
  return out << "family " << r.family << ", seed " << r.seed;
}

BOOST_DATA_TEST_CASE(what_passed_once_passes_no_more, data::make(regressions), regression) {
  for (const auto& family : families_to_check()) {
    if (family.number != regression.family) continue;
    families::run(family, regression.seed, 1,
                  [&](const families::Case& what, const families::Held& held) {
                    const Described told{family, what, held};
                    BOOST_TEST((held.outcome != Outcome::passed), told);
                    BOOST_TEST((held.outcome != Outcome::accused), told);
                  });
  }
}

BOOST_AUTO_TEST_SUITE_END()
