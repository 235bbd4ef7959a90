// One more evaluation of J: what a glance sees, what it leaves to a look, and when it is not taken.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include "gradcheck/errors.hpp"
#include "gradcheck/monitor.hpp"
#include "watched.hpp"

namespace dtheta::gradcheck::test {
namespace {

/// J of the bowl as float computes it, at θ and moved along d, and what the gradient promises.
template <class T>
Monitor::Glance glance_at(const Bowl& bowl, Monitor& monitor) {
  const std::vector<T> theta(bowl.theta.values().begin(), bowl.theta.values().end());
  std::vector<T> moved(theta.size());
  Monitor::Glance seen;
  seen.roundoff = unit_roundoff_of<T>();
  for (const Block& b : bowl.theta.blocks()) {
    monitor.direction().measure(b.offset, std::span(theta).subspan(b.offset, b.size));
  }
  monitor.direction().turn(monitor.probes());
  monitor.direction().move(0, std::span(theta), Monitor::glance_step(seen.roundoff),
                           std::span(moved));
  const auto cost = [&](const std::vector<T>& t) {
    T j = static_cast<T>(bowl.offset);
    for (std::size_t i = 0; i < 4; ++i) j += static_cast<T>(bowl.a[i]) * t[i] * t[i] / 2;
    return static_cast<double>(j);
  };
  seen.here = cost(theta);
  seen.moved = cost(moved);
  seen.promised = monitor.direction().along(0, std::span<const double>(bowl.gradient));
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(monitor_glance)

BOOST_AUTO_TEST_CASE(a_glance_is_in_no_doubt_of_a_right_gradient) {
  const Bowl bowl;
  Monitor narrow(bowl.theta, {.gradient_roundoff = 0x1p-24}), wide(bowl.theta, {});
  for (int k = 0; k < 2000; ++k) {
    BOOST_REQUIRE(narrow.glance(glance_at<float>(bowl, narrow)));
    BOOST_REQUIRE(wide.glance(glance_at<double>(bowl, wide)));
  }
  BOOST_TEST(narrow.glances() == 2000U);
  BOOST_TEST(narrow.probes() == 2000U);
}

BOOST_AUTO_TEST_CASE(a_glance_doubts_a_wrong_gradient_and_leaves_it_to_a_look) {
  Bowl bowl;
  // In float ten times what a glance allows, in double four times: the error along d is Gaussian,
  // and within a tenth or a quarter of its deviation in 8 or 20 of 100 cases.
  bowl.gradient[1] *= 1.2, bowl.gradient[2] *= 1.2;
  Monitor narrow(bowl.theta, {.gradient_roundoff = 0x1p-24});
  int missed = 0;
  for (int k = 0; k < 300; ++k) missed += narrow.glance(glance_at<float>(bowl, narrow));
  BOOST_TEST(missed < 300 * 0.2);
  BOOST_TEST(narrow.evidence() == 0.0);
  bowl = {};
  bowl.gradient[1] *= 1.004, bowl.gradient[2] *= 1.004;
  Monitor wide(bowl.theta, {});
  missed = 0;
  for (int k = 0; k < 300; ++k) missed += wide.glance(glance_at<double>(bowl, wide));
  BOOST_TEST(missed < 300 * 0.4);
}

BOOST_AUTO_TEST_CASE(a_glance_doubts_an_exploded_gradient) {
  const Bowl bowl;
  Monitor monitor(bowl.theta, {.gradient_roundoff = 0x1p-24});
  Monitor::Glance seen = glance_at<float>(bowl, monitor);
  const std::vector<float> exploded{1e30F, -2e30F, 3e30F, 1e29F};
  seen.promised = monitor.direction().along(0, std::span<const float>(exploded));
  BOOST_TEST(std::isfinite(seen.promised.spread));
  BOOST_TEST(!monitor.glance(seen));
}

BOOST_AUTO_TEST_CASE(beside_a_large_cost_a_glance_in_double_leaves_it_to_a_look) {
  Bowl bowl;
  bowl.offset = 1e6;
  Monitor monitor(bowl.theta, {.on_alarm = [](const MonitorAlarm&) {}});
  BOOST_TEST(!monitor.glance(glance_at<double>(bowl, monitor)));
  monitor.look(0, bowl.cost(), bowl.theta.values(), bowl.gradient);
  BOOST_TEST(monitor.closest() < 1.0);
  // For the roundings of J a glance would allow a tenth of the gradient, a look 0.04 % of it.
  for (double& g : bowl.gradient) g *= 1.05;
  for (std::size_t step = 1; step < 100; ++step) {
    BOOST_REQUIRE(!monitor.glance(glance_at<double>(bowl, monitor)));
    monitor.look(step, bowl.cost(), bowl.theta.values(), bowl.gradient);
  }
  BOOST_TEST(monitor.alarms() > 40U);
}

BOOST_AUTO_TEST_CASE(in_float_some_looks_are_exact_and_all_while_there_is_evidence) {
  Bowl bowl;
  Monitor monitor(bowl.theta, {.gradient_roundoff = 0x1p-24, .exact_every = 3});
  for (int k = 0; k < 9; ++k) {
    BOOST_TEST(monitor.wants_exact(0x1p-24) == (k % 3 == 0));
    BOOST_TEST(!monitor.wants_exact(0x1p-53));
    BOOST_REQUIRE(monitor.glance(glance_at<float>(bowl, monitor)));
  }
  bowl.gradient[1] *= 1.003;
  while (monitor.evidence() == 0.0) {
    monitor.look(9, bowl.cost(), bowl.theta.values(), bowl.gradient);
  }
  BOOST_TEST(monitor.wants_exact(0x1p-53));
  BOOST_CHECK_THROW(Monitor(bowl.theta, {.exact_every = 0}), OptionError);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
