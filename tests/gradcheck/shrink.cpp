// Failing cases made small: each planted bug needs a least size, and that is what must be found.

#include "gradcheck/shrink.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck::test {
namespace {

using Values = std::vector<double>;

Values drawn(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  Values values(count);
  for (double& v : values) v = uniform(bits);
  return values;
}

/// Least squares over a batch of m points in n dimensions. The gradient forgets the last point
/// where n is odd and at least 3, and m at least 2.
GradientCase least_squares(SizeValues sizes, std::uint64_t seed) {
  const std::size_t m = sizes[0], n = sizes[1];
  const Values x = drawn(m * n, seed), y = drawn(m, seed + 100);
  ParameterVector theta;
  theta.add("w", 1, {n}, drawn(n, seed + 200));
  const auto residual = [=](std::span<const double> w, std::size_t i) {
    double r = -y[i];
    for (std::size_t j = 0; j < n; ++j) r += x[i * n + j] * w[j];
    return r;
  };
  const Cost cost = [=](std::span<const double> w) {
    double sum = 0.0;
    for (std::size_t i = 0; i < m; ++i) sum += 0.5 * residual(w, i) * residual(w, i);
    return sum;
  };
  const auto gradient = [=](std::span<const double> w) {
    Values g(n, 0.0);
    const bool bug = n >= 3 && n % 2 == 1 && m >= 2;
    for (std::size_t i = 0; i < m - (bug ? 1 : 0); ++i) {
      for (std::size_t j = 0; j < n; ++j) g[j] += residual(w, i) * x[i * n + j];
    }
    return g;
  };
  return {cost, gradient, theta};
}

std::vector<std::size_t> values_of(const Shrunk& shrunk) {
  std::vector<std::size_t> values;
  for (const CaseSize& size : shrunk.sizes) values.push_back(size.value);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shrinking)

BOOST_AUTO_TEST_CASE(a_gradient_that_is_wrong_for_odd_sizes) {
  const Shrunk small = shrink(least_squares, {{"batch", 40}, {"features", 21}});
  BOOST_REQUIRE(small.shown);
  BOOST_TEST(values_of(small) == (std::vector<std::size_t>{2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(small.minimal);
  BOOST_TEST(small.tried < 60U);
  std::ostringstream text;
  text << small;
  for (const char* words : {"batch = 2, features = 3 (seed 1)", "{2, 3}, 1)", "w[", "is wrong"}) {
    BOOST_TEST(text.str().find(words) != std::string::npos, text.str());
  }
  // The same again, to the last case.
  const Shrunk again = shrink(least_squares, {{"batch", 40}, {"features", 21}});
  BOOST_TEST(again.tried == small.tried);
  BOOST_TEST(report(again) == report(small));
}

BOOST_AUTO_TEST_CASE(a_right_one_shows_nothing) {
  const Shrunk none = shrink(least_squares, {{"batch", 40}, {"features", 20}});
  BOOST_TEST(!none.shown);
  BOOST_TEST(none.tried == 3U);  // seeds
  BOOST_TEST(report(none).find("does not show the bug") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(least_values_are_kept_and_refusals_are_no_cases) {
  // Only even sizes can be made at all.
  const auto even = [](SizeValues sizes, std::uint64_t) {
    if (sizes[0] % 2 == 1) throw std::invalid_argument("even ones only");
    return sizes[0] >= 6;
  };
  const Shrunk small = shrink(even, {{"n", 64, 1}});
  BOOST_TEST(small.sizes[0].value == 6U);
  BOOST_TEST(small.refused > 0U);
  BOOST_TEST(shrink(even, {{"n", 64, 10}}).sizes[0].value == 10U);
  BOOST_CHECK_THROW(static_cast<void>(shrink(even, {{"n", 4, 10}})), OptionError);
}

BOOST_AUTO_TEST_CASE(equal_sizes_go_down_together) {
  const auto square = [](SizeValues sizes, std::uint64_t) {
    if (sizes[0] != sizes[1]) throw std::invalid_argument("a square");
    return sizes[0] >= 5 && sizes[2] >= 2;
  };
  const Shrunk small = shrink(square, {{"rows", 30}, {"columns", 30}, {"batch", 9}});
  BOOST_TEST(values_of(small) == (std::vector<std::size_t>{5, 5, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_bug_that_some_seeds_hide) {
  const auto sometimes = [](SizeValues sizes, std::uint64_t seed) {
    return sizes[0] >= 4 && seed % 3 == sizes[0] % 3;
  };
  const Shrunk small = shrink(sometimes, {{"n", 100}}, 1);
  BOOST_TEST(small.sizes[0].value == 4U);
  BOOST_TEST(small.seed % 3 == 1U);
}

BOOST_AUTO_TEST_CASE(it_ends) {
  const auto always = [](SizeValues sizes, std::uint64_t) { return sizes[0] > 3; };
  const Shrunk cut = shrink(always, {{"n", 1'000'000}}, 1, {.most_cases = 5});
  BOOST_TEST(cut.shown);
  BOOST_TEST(!cut.minimal);
  BOOST_TEST(cut.tried == 5U);
  BOOST_TEST(report(cut).find("ended before") != std::string::npos);
  const Shrunk late = shrink(always, {{"n", 1'000'000}}, 1, {.seconds = 0.0});
  BOOST_TEST(!late.shown);
}

BOOST_AUTO_TEST_CASE(a_jacobian) {
  // r = A x, but the Jacobian is A transposed: seen only where A is not 1 x 1.
  const auto made = [](SizeValues sizes, std::uint64_t seed) {
    const std::size_t n = sizes[0];
    const Values a = drawn(n * n, seed), x = drawn(n, seed + 1);
    Values turned(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) turned[j * n + i] = a[i * n + j];
    }
    const auto f = [&](std::span<const double> at) {
      Values r(n, 0.0);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) r[i] += a[i * n + j] * at[j];
      }
      return r;
    };
    return check_jacobian(f, RowMajor(turned), x);
  };
  const Shrunk small = shrink(made, {{"n", 9}});
  BOOST_TEST(small.sizes[0].value == 2U);
  BOOST_TEST(small.report.find("transposed") != std::string::npos, small.report);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
