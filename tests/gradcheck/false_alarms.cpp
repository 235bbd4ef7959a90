// The small version of the benchmark program checker_false_alarms.
#include <boost/test/unit_test.hpp>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/random_models.hpp"

namespace gc = dtheta::gradcheck;

BOOST_AUTO_TEST_SUITE(false_alarms)

BOOST_AUTO_TEST_CASE(no_right_gradient_of_a_random_model_fails) {
  std::size_t near_kinks = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const auto drawn = gradcheck_test::random_model(seed);
    const auto result = gc::check(drawn.model.cost, drawn.model.right, drawn.model.theta);
    BOOST_TEST((result.verdict != gc::Verdict::fail), "seed " << seed << "\n" << result);
    near_kinks += drawn.near_kink ? 1 : 0;
  }
  BOOST_TEST(near_kinks > 80U);
}

BOOST_AUTO_TEST_SUITE_END()
