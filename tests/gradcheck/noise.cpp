#include "gradcheck/numeric/noise.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;

namespace {

/// A fixed function with noise of standard deviation sigma: the noise depends on x alone.
double noisy(double x, double sigma) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  std::mt19937_64 engine(bits);
  return std::cos(x) + std::normal_distribution<double>(0.0, sigma)(engine);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(noise)

// Nine values leave about six degrees of freedom: a standard deviation known within a factor 3, 4
// at the outside.
BOOST_DATA_TEST_CASE(noise_is_found_within_a_small_factor, data::make({1e-12, 1e-9, 1e-6}), sigma) {
  for (int k = 0; k < 20; ++k) {
    const auto n =
        gc::estimate_noise([=](double x) { return noisy(x, sigma); }, 0.5 + 0.01 * k, 1e-6);
    BOOST_TEST((n.status == gc::NoiseStatus::found));
    BOOST_TEST(n.noise > sigma / 4.0);
    BOOST_TEST(n.noise < sigma * 4.0);
  }
}

BOOST_AUTO_TEST_CASE(float_arithmetic_shows_its_own_roundoff) {
  // A float near 1 is rounded to 2⁻²⁴, uniformly: standard deviation 2⁻²⁴/√3 = 3.4e-8. The first
  // spacing lies within one rounding, and must be widened.
  const auto f = [](double x) {
    return static_cast<double>(static_cast<float>(std::cos(x)) + 1.0F);
  };
  const auto n = gc::estimate_noise(f, 0.7, 1e-10);
  BOOST_TEST((n.status == gc::NoiseStatus::found));
  BOOST_TEST(n.noise > 1e-8);
  BOOST_TEST(n.noise < 3e-7);
}

BOOST_AUTO_TEST_CASE(spacings_that_do_not_fit_are_told) {
  const std::vector<double> constant(9, 1.0);
  BOOST_TEST((gc::estimate_noise(constant).status == gc::NoiseStatus::too_close));
  const std::vector<double> steep{1, 2, 3, 4, 5, 6, 7};
  BOOST_TEST((gc::estimate_noise(steep).status == gc::NoiseStatus::too_far));
  const std::vector<double> broken{1, 1, std::nan(""), 1, 1, 1, 1};
  BOOST_TEST((gc::estimate_noise(broken).status == gc::NoiseStatus::not_finite));
}

BOOST_AUTO_TEST_CASE(bad_requests_are_refused) {
  const std::vector<double> six(6, 1.0);
  BOOST_CHECK_THROW(gc::estimate_noise(six), gc::ShapeError);
  BOOST_CHECK_THROW(gc::estimate_noise([](double x) { return x; }, 0.0, 0.0), gc::OptionError);
}

BOOST_AUTO_TEST_SUITE_END()
