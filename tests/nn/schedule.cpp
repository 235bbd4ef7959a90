#include "nn/schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/errors.hpp"

namespace dtheta::nn::schedule {

namespace tt = boost::test_tools;

BOOST_AUTO_TEST_SUITE(schedule_suite)

BOOST_AUTO_TEST_CASE(rates_at_chosen_steps) {
  // Powers and products of a few factors: a few roundings.
  const auto close = tt::tolerance(8 * 0x1p-53);
  BOOST_TEST(step(0.5, 9, 10) == 0.5);
  BOOST_TEST(step(0.5, 10, 10) == 0.05, close);
  BOOST_TEST(step(0.5, 35, 10, 0.5) == 0.0625);
  BOOST_TEST(exponential(2, 0, 0.5) == 2.0);
  BOOST_TEST(exponential(2, 3, 0.5) == 0.25);
  BOOST_TEST(cosine(1, 0, 100) == 1.0);
  BOOST_TEST(cosine(1, 50, 100, 0.2) == 0.6, close);
  BOOST_TEST(cosine(1, 25, 100) == (1 + std::sqrt(0.5)) / 2, close);
  BOOST_TEST(cosine(1, 100, 100, 0.125) == 0.125);
  BOOST_TEST(cosine(1, 1000, 100, 0.125) == 0.125);
  BOOST_TEST(warm_up(0, 4) == 0.25);
  BOOST_TEST(warm_up(2, 4) == 0.75);
  BOOST_TEST(warm_up(3, 4) == 1.0);
  BOOST_TEST(warm_up(99, 4) == 1.0);
}

BOOST_AUTO_TEST_CASE(a_plateau_lowers_the_rate_once_patience_is_over) {
  Plateau rate(1, 0.5, 2, 0.01, 0.2);
  BOOST_TEST(rate(10) == 1.0);
  BOOST_TEST(rate(9.95) == 1.0);  // less than 1 % better: no progress
  BOOST_TEST(rate(10) == 1.0);
  BOOST_TEST(rate(std::nan("")) == 0.5);  // the third in a row
  BOOST_TEST(rate(9) == 0.5);             // progress
  BOOST_TEST(rate(9) == 0.5);
  BOOST_TEST(rate(9) == 0.5);
  BOOST_TEST(rate(9) == 0.25);
  for (int i = 0; i < 9; ++i) static_cast<void>(rate(9));
  BOOST_TEST(rate.rate() == 0.2);
}

BOOST_AUTO_TEST_CASE(a_plateau_of_negative_losses_sees_them_fall) {
  Plateau rate(1, 0.5, 0, 0.01);
  BOOST_TEST(rate(-1) == 1.0);
  BOOST_TEST(rate(-2) == 1.0);
  BOOST_TEST(rate(-2) == 0.5);
}

BOOST_AUTO_TEST_CASE(schedules_are_values_that_are_called_with_a_step) {
  BOOST_TEST((Step{1, 10, 0.5}(25)) == step(1, 25, 10, 0.5));
  BOOST_TEST((Exponential{2, 0.9}(3)) == exponential(2, 3, 0.9));
  BOOST_TEST((Cosine{1, 100, 0.1}(30)) == cosine(1, 30, 100, 0.1));
  BOOST_TEST((WarmUp{Cosine{1, 100}, 4}(1)) == 0.5 * cosine(1, 1, 100));
  BOOST_TEST((Linear{1, 4, 0.5}(2)) == 0.75);
  BOOST_TEST((Linear{1, 4, 0.5}(9)) == 0.5);
  const MultiStep stairs{1, {2, 5}, 0.5};
  BOOST_TEST(stairs(1) == 1.0);
  BOOST_TEST(stairs(2) == 0.5);
  BOOST_TEST(stairs(5) == 0.25);
}

BOOST_AUTO_TEST_CASE(one_cycle_is_pytorchs) {
  // OneCycleLR(max_lr=0.1, total_steps=10): up until step 0.3 * 10 - 1 = 2, down until step 9.
  const OneCycle rate{.rate = 0.1, .duration = 10};
  BOOST_TEST(std::abs(rate(0) - 0.004) < 1e-15);
  BOOST_TEST(std::abs(rate(1) - 0.052) < 1e-15);
  BOOST_TEST(std::abs(rate(2) - 0.1) < 1e-15);
  BOOST_TEST(std::abs(rate(9) - 4e-7) < 1e-15);
  BOOST_TEST(std::abs(rate(50) - 4e-7) < 1e-15);
  BOOST_TEST(rate(5) > rate(6));
  BOOST_TEST(std::isfinite(OneCycle{.duration = 2}(0)));
}

BOOST_AUTO_TEST_CASE(schedules_have_names) {
  for (const char* name : {"constant", "step", "exponential", "cosine", "linear", "one_cycle"}) {
    BOOST_TEST_CONTEXT(name) {
      const auto rate = by_name(name, 0.5, 30);
      BOOST_TEST(rate(9) <= 0.5);
      BOOST_TEST(rate(9) > 0);
    }
  }
  BOOST_TEST(std::abs(by_name("exponential", 1, 30)(30) - 0.01) < 1e-14);
  BOOST_CHECK_THROW(static_cast<void>(by_name("sine", 1, 30)), ValueError);
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_refused) {
  BOOST_CHECK_THROW(static_cast<void>(step(1, 0, 0)), ValueError);
  BOOST_CHECK_THROW(static_cast<void>(cosine(1, 0, 0)), ValueError);
  BOOST_CHECK_THROW(static_cast<void>(warm_up(0, -1)), ValueError);
  BOOST_CHECK_THROW(static_cast<void>(OneCycle{.duration = 9, .rise = 1}(0)), ValueError);
  BOOST_CHECK_THROW(Plateau(1, 1), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::schedule
