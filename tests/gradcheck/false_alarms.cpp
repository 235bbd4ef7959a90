// The small version of the benchmark program checker_false_alarms.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/random_models.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(false_alarms)

BOOST_AUTO_TEST_CASE(no_right_gradient_of_a_random_model_fails) {
  std::size_t near_corners = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    const auto drawn = gradcheck_test::random_model(seed);
    const auto result = gc::check(drawn.model.cost, drawn.model.right, drawn.model.theta);
    BOOST_TEST((result.verdict != gc::Verdict::fail), "seed " << seed << "\n" << result);
    near_corners += drawn.near_corner ? 1 : 0;
  }
  BOOST_TEST(near_corners > 80U);
}

// Saturated recurrent nets with a penalty: over the steps that the noise of J allows only the
// penalty moves, and the rest stands still. Over larger ones J follows the gradient, unless that is
// wrong.
BOOST_DATA_TEST_CASE(plateaus_beside_a_penalty_are_no_bug, data::make({31131, 65385}), seed) {
  const auto drawn = gradcheck_test::random_model(static_cast<std::uint64_t>(seed));
  const auto& model = drawn.model;
  const auto result = gc::check(model.cost, model.gradient, model.theta);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
  BOOST_TEST(std::ranges::any_of(result.notes, [](const std::string& note) {
    return note.find("plateaus") != std::string::npos;
  }));
  for (const double factor : {0.99, 1.01, 2.0, -1.0}) {
    const auto wrong = [&](std::span<const double> theta, std::span<double> g) {
      model.gradient(theta, g);
      for (double& v : g) v *= factor;
    };
    const auto accused = gc::check(model.cost, wrong, model.theta);
    BOOST_TEST((accused.verdict == gc::Verdict::fail), factor << "\n" << accused);
  }
}

// Saturated units leave J a sawtooth of the roundings inside it: over steps shorter than a tooth it has
// another slope, and over longer ones its bend hides the teeth on either side.
BOOST_AUTO_TEST_CASE(teeth_of_roundings_inside_J_accuse_nobody) {
  const auto drawn = gradcheck_test::random_model(920001234);
  const auto result = gc::check(drawn.model.cost, drawn.model.gradient, drawn.model.theta);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive), result);
}

BOOST_AUTO_TEST_SUITE_END()
