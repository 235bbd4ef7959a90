// Places in a line of elements: no two that are taken overlap, and free ones are joined and used
// again.

#include "autodiff/plan/places.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <vector>

namespace dtheta::detail {
namespace {

constexpr Index grain = 4;

struct Taken {
  Places::Id place;
  Index start, size;
};

Taken take(Places& places, Index size) {
  const Places::Id place = places.take(size);
  return {place, places.start(place), size};
}

/// Whether all of them lie apart, on boundaries and before the end.
bool lie_apart(const std::vector<Taken>& taken, const Places& places) {
  std::map<Index, Index> end_of;
  for (const Taken& t : taken) {
    if (t.start % grain != 0 || t.start + t.size > places.end()) return false;
    if (!end_of.emplace(t.start, t.start + t.size).second) return false;
  }
  Index end = 0;
  for (const auto& [start, its_end] : end_of) {
    if (start < end) return false;
    end = its_end;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_places)

BOOST_DATA_TEST_CASE(what_is_taken_lies_apart, boost::unit_test::data::xrange(1, 9), seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  Places places(grain);
  std::vector<Taken> taken;
  for (int i = 0; i < 3000; ++i) {
    if (taken.empty() || random() % 5 < 3) {
      // Sizes of all magnitudes, many of them equal.
      const Index size = 1 + static_cast<Index>(random() % 4) * (Index{1} << random() % 10);
      taken.push_back(take(places, size));
    } else {
      const std::size_t k = random() % taken.size();
      places.give_back(taken[k].place);
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(k));
    }
    if (i % 100 == 0) BOOST_TEST_REQUIRE(lie_apart(taken, places));
  }
  BOOST_TEST(lie_apart(taken, places));

  // Once all is given back there is one free place, which holds as much as the line.
  for (const Taken& t : taken) places.give_back(t.place);
  const Index end = places.end();
  BOOST_TEST(take(places, end).start == 0);
  BOOST_TEST(places.end() == end);
}

BOOST_AUTO_TEST_CASE(a_place_is_used_again) {
  Places places(grain);
  const Taken first = take(places, 100), second = take(places, 100);
  places.give_back(first.place);
  BOOST_TEST(take(places, 100).start == first.start);
  places.give_back(second.place);
  // The free place at the end grows instead of being left behind.
  BOOST_TEST(take(places, 300).start == second.start);
  BOOST_TEST(places.end() == 400);
}

BOOST_AUTO_TEST_CASE(the_rest_of_a_place_is_used) {
  Places places(grain);
  const Taken large = take(places, 100), behind = take(places, grain);
  places.give_back(large.place);
  const Taken a = take(places, 40), b = take(places, 60);
  BOOST_TEST(places.end() == 104);
  BOOST_TEST(a.start + b.start == 40);
  BOOST_TEST(behind.start == 100);
}

BOOST_AUTO_TEST_CASE(no_elements_need_no_place) {
  Places places(grain);
  const Places::Id place = places.take(0);
  BOOST_TEST(places.start(place) == 0);
  places.give_back(place);
  BOOST_TEST(places.end() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::detail
