// A check that is stopped: soon, and with what is known by then.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <thread>

#include "gradcheck/check.hpp"
#include "gradcheck/directions.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

namespace {

constexpr std::size_t entries = 200;
constexpr std::chrono::milliseconds nap{5};
// Batches are handed on in parts of a tenth of a second, which holds no more naps than these.
constexpr std::size_t naps_in_a_part = 20;

double sines(std::span<const double> t) {
  double sum = 0;
  for (const double v : t) sum += std::sin(v);
  return sum;
}

struct Setting {
  std::vector<double> theta = std::vector<double>(entries, 0.4);
  std::vector<double> gradient = std::vector<double>(entries, std::cos(0.4));
  std::size_t evaluations = 0;
  gc::Options options;

  explicit Setting(gc::Method method, std::size_t stop_at) {
    options.method = method;
    options.progress = [stop_at](const gc::Progress& p) { return p.evaluations < stop_at; };
  }
  gc::Result check() {
    const gc::Cost slow = [this](std::span<const double> t) {
      ++evaluations;
      std::this_thread::sleep_for(nap);
      return sines(t);
    };
    return gc::check(slow, gradient, theta, options);
  }
};

const auto methods = data::make({0, 1});
gc::Method method_of(int m) { return m == 0 ? gc::Method::textbook : gc::Method::adaptive; }

}  // namespace

BOOST_AUTO_TEST_SUITE(stopping)

BOOST_DATA_TEST_CASE(a_slow_cost_stops_soon_and_what_was_seen_is_told, methods, m) {
  constexpr std::size_t stop_at = 100;
  Setting setting(method_of(m), stop_at);
  const gc::Result result = setting.check();
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(setting.evaluations >= stop_at);
  BOOST_TEST(setting.evaluations <= stop_at + naps_in_a_part + 1);
  const auto seen =
      std::ranges::count_if(result.numeric, [](double v) { return std::isfinite(v); });
  BOOST_TEST(seen >= 1);
  BOOST_TEST(seen < static_cast<std::ptrdiff_t>(entries));
  for (const double v : result.numeric) {
    if (std::isfinite(v)) BOOST_TEST(std::abs(v - std::cos(0.4)) <= 1e-6);
  }
  // Only entries that were reached are listed.
  for (const gc::Component& c : result.worst()) BOOST_TEST(c.step > 0);
}

BOOST_AUTO_TEST_CASE(a_failure_that_was_found_stays_one) {
  Setting setting(gc::Method::adaptive, 100);
  for (double& v : setting.gradient) v *= 2;
  const gc::Result result = setting.check();
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
}

// Stopped while noise and pilots are measured: nothing is known, and nothing is claimed.
BOOST_DATA_TEST_CASE(stopped_at_once, methods, m) {
  Setting setting(method_of(m), 1);
  const gc::Result result = setting.check();
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
  BOOST_TEST(setting.evaluations <= 3U);
}

BOOST_DATA_TEST_CASE(being_watched_changes_no_bit, methods, m) {
  Setting watched(method_of(m), static_cast<std::size_t>(-1));
  const gc::Result a = gc::check(sines, watched.gradient, watched.theta, watched.options);
  watched.options.progress = {};
  const gc::Result b = gc::check(sines, watched.gradient, watched.theta, watched.options);
  BOOST_TEST(a.complete);
  BOOST_TEST(a.numeric == b.numeric, boost::test_tools::per_element());
  BOOST_TEST(a.bar == b.bar, boost::test_tools::per_element());
  BOOST_TEST(a.evaluations == b.evaluations);
}

BOOST_AUTO_TEST_CASE(directions_stop_too) {
  Setting setting(gc::Method::adaptive, 1);
  const auto result = gc::check_directions(sines, setting.gradient, gc::unnamed(setting.theta),
                                           {.check = setting.options});
  BOOST_TEST(!result.complete);
  BOOST_TEST((result.verdict == gc::Verdict::inconclusive));
}

BOOST_AUTO_TEST_SUITE_END()
