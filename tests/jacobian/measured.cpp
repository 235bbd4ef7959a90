// A small version of benchmarks/checker_jacobians: right Jacobians of every family are not accused,
// and what is planted in them is caught and placed.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "benchmarks/jacobians/bugs.hpp"

namespace data = boost::unit_test::data;
using namespace jacobian_worlds;

namespace {

const auto families = data::make({0, 1, 2, 3, 4, 5});
constexpr unsigned first_seed = 40000;

}  // namespace

BOOST_AUTO_TEST_SUITE(jacobian_worlds_measured)

BOOST_DATA_TEST_CASE(right_ones_are_not_accused, families, number) {
  const auto family = static_cast<Family>(number);
  std::size_t open = 0;
  for (unsigned seed = first_seed; seed < first_seed + 100; ++seed) {
    const World world = make_world(family, seed);
    const gc::JacobianResult result = check(world, world.values);
    BOOST_TEST((result.verdict != gc::Verdict::fail), name_of(family) << " seed " << seed << '\n'
                                                                      << result);
    open += result.verdict == gc::Verdict::inconclusive ? 1 : 0;
  }
  // Of 24,000 one in a thousand is: where terms cancel, or the output is constant.
  BOOST_TEST(open <= 3U, name_of(family));
}

BOOST_DATA_TEST_CASE(planted_bugs_are_caught_and_placed, families, number) {
  const auto family = static_cast<Family>(number);
  std::size_t planted = 0, named = 0;
  for (const Bug& bug : bugs_of(family)) {
    for (unsigned seed = first_seed, worlds = 0; worlds < 3 && seed < first_seed + 60; ++seed) {
      const Planted p = plant(bug, family, seed);
      if (!p.effective) continue;
      ++worlds;
      ++planted;
      named += p.named ? 1 : 0;
      BOOST_TEST(p.caught, name_of(family) << " seed " << seed << ": " << bug.name);
      BOOST_TEST(p.placed, name_of(family) << " seed " << seed << ": " << bug.name);
    }
  }
  BOOST_TEST(planted >= 50U);
  BOOST_TEST(10 * named >= 9 * planted, name_of(family) << ": " << named << " of " << planted);
}

BOOST_AUTO_TEST_SUITE_END()
