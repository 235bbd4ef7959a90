#include "gradcheck/difference.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Values = std::vector<double>;

BOOST_AUTO_TEST_SUITE(difference)

BOOST_AUTO_TEST_CASE(statement_4_relative_difference_uses_the_sum_of_norms) {
  // ‖(3,4) − (0,0.5)‖ = √(9 + 12.25), ‖(3,4)‖ = 5, ‖(0,0.5)‖ = 0.5; a sum of norms, not a maximum.
  const auto d = gc::relative_difference(Values{3.0, 4.0}, Values{0.0, 0.5});
  BOOST_TEST(std::abs(d.value - std::sqrt(21.25) / 5.5) < 1e-15);
  BOOST_TEST(std::abs(d.analytic - 5.0) < 1e-15);
  BOOST_TEST(d.numeric == 0.5);
}

// The norm of 1e300 overflows when squared, and that of 1e-300 vanishes; the ratio does neither.
BOOST_DATA_TEST_CASE(scale_does_not_matter, data::make({1e-320, 1e-300, 1e-8, 1.0, 1e150, 1e307}),
                     s) {
  const auto d = gc::relative_difference(Values{3.0 * s, 4.0 * s}, Values{-3.0 * s, -4.0 * s});
  BOOST_TEST(std::abs(d.value - 1.0) < 1e-15);
}

BOOST_AUTO_TEST_CASE(statement_5_four_bands) {
  BOOST_TEST((gc::band(1e-7) == gc::Band::excellent));
  BOOST_TEST((gc::band(1.01e-7) == gc::Band::double_check));
  BOOST_TEST((gc::band(1e-5) == gc::Band::double_check));
  BOOST_TEST((gc::band(1.01e-5) == gc::Band::error));
  BOOST_TEST((gc::band(1e-3) == gc::Band::error));
  BOOST_TEST((gc::band(1.01e-3) == gc::Band::critical));
  BOOST_TEST((gc::band(std::nan("")) == gc::Band::critical));
}

BOOST_AUTO_TEST_CASE(two_zero_gradients_differ_by_nothing_and_exercise_nothing) {
  const auto d = gc::relative_difference(Values{0.0, -0.0}, Values{0.0, 0.0});
  BOOST_TEST(d.value == 0.0);
  BOOST_TEST(!d.exercised);
}

BOOST_DATA_TEST_CASE(not_a_number_or_infinity_is_critical,
                     data::make({std::nan(""), std::numeric_limits<double>::infinity()}), bad) {
  const Values good{1.0, 2.0};
  const Values spoilt{1.0, bad};
  for (const auto& d :
       {gc::relative_difference(good, spoilt), gc::relative_difference(spoilt, good),
        gc::relative_difference(spoilt, spoilt)}) {
    BOOST_TEST(!d.finite);
    BOOST_TEST((gc::band(d) == gc::Band::critical));
  }
}

BOOST_AUTO_TEST_CASE(lengths_must_agree) {
  BOOST_CHECK_THROW(gc::relative_difference(Values{1.0}, Values{1.0, 2.0}), gc::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()
