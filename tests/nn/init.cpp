#include "nn/init.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "data/files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr RandomKey key{11, 3};

double mean_of(const Tensor& t, const std::function<double(double)>& f) {
  double total = 0;
  for (const double v : t.data<double>()) total += f(v);
  return total / static_cast<double>(t.size());
}

/// A distribution, drawn 100 x 400 times, and its moments.
struct Case {
  std::string name;
  std::function<Tensor(const Shape&, RandomKey)> draw;
  double mean, variance;
  double bound;  // on |value - mean|
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

constexpr double unbounded = 1e300;
// For shape (100, 400): fan_in = 400, fan_out = 100.
const std::vector<Case> cases{
    {"uniform", [](const Shape& s, RandomKey k) { return uniform(s, -1, 3, k); }, 1, 16.0 / 12, 2},
    {"normal", [](const Shape& s, RandomKey k) { return normal(s, 2, 0.5, k); }, 2, 0.25,
     unbounded},
    // The variance of a standard normal variable within +-a is 1 - 2 a phi(a) / (2 Phi(a) - 1).
    {"truncated_normal",
     [](const Shape& s, RandomKey k) { return truncated_normal(s, 1, 2, -1, 3, k); }, 1,
     4 * (1 - 2 * 0.24197072451914337 / 0.6826894921370859), 2},
    {"glorot_uniform", glorot_uniform, 0, 2.0 / 500, std::sqrt(6.0 / 500)},
    {"glorot_normal", glorot_normal, 0, 2.0 / 500, unbounded},
    {"he_uniform", he_uniform, 0, 2.0 / 400, std::sqrt(6.0 / 400)},
    {"he_normal", he_normal, 0, 2.0 / 400, unbounded},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(init)

BOOST_DATA_TEST_CASE(values_have_the_moments_of_their_distribution, bdata::make(cases), c) {
  const Tensor values = c.draw({100, 400}, key);
  BOOST_TEST((values.shape() == Shape{100, 400}));
  const double n = static_cast<double>(values.size());
  const double mean = mean_of(values, [](double v) { return v; });
  const double variance = mean_of(values, [&](double v) { return (v - c.mean) * (v - c.mean); });
  // Five standard errors: sqrt(variance / n) of the mean; at most sqrt(2 / n) of the variance,
  // relative, for distributions with tails no heavier than the normal one's.
  BOOST_TEST(std::abs(mean - c.mean) <= 5 * std::sqrt(c.variance / n));
  BOOST_TEST(std::abs(variance - c.variance) <= 5 * std::sqrt(2 / n) * c.variance);
  // The limits themselves are rounded.
  for (const double v : values.data<double>()) {
    BOOST_REQUIRE(std::abs(v - c.mean) <= c.bound * (1 + 0x1p-50));
  }
}

BOOST_DATA_TEST_CASE(values_are_a_function_of_the_key, bdata::make(cases), c) {
  BOOST_TEST((c.draw({3, 5}, key) == c.draw({3, 5}, key)));
  BOOST_TEST(!(c.draw({3, 5}, key) == c.draw({3, 5}, {11, 4})));
  BOOST_TEST(!(c.draw({3, 5}, key) == c.draw({3, 5}, {12, 3})));
}

BOOST_AUTO_TEST_CASE(fans_count_the_axes_of_a_filter) {
  // (out, in, 3, 3): fan_in = 9 in, fan_out = 9 out.
  const Tensor values = he_uniform({8, 4, 3, 3}, key);
  const double limit = std::sqrt(6.0 / 36);
  double largest = 0;
  for (const double v : values.data<double>()) largest = std::max(largest, std::abs(v));
  // The largest of 288 uniform values is below 0.95 of the limit once in two million.
  BOOST_TEST(largest <= limit);
  BOOST_TEST(largest >= 0.95 * limit);
}

BOOST_AUTO_TEST_CASE(a_tail_can_be_drawn_from) {
  for (const double low : {8.0, 30.0}) {
    const Tensor right = truncated_normal({1000}, 0, 1, low, 1e6, key);
    const Tensor left = truncated_normal({1000}, 0, 1, -1e6, -low, key);
    for (const double v : right.data<double>()) BOOST_REQUIRE((v >= low && v < low + 2));
    for (const double v : left.data<double>()) BOOST_REQUIRE((v <= -low && v > -low - 2));
    // Far out the excess over `low` is nearly exponential with rate `low`: mean 1 / low, less a
    // few percent; the mean of 1000 has a standard error of 3 %.
    const double excess = mean_of(right, [&](double v) { return v - low; });
    BOOST_TEST(std::abs(excess * low - 1) <= 5 * 0.032 + 2 / (low * low));
  }
}

BOOST_AUTO_TEST_CASE(constants_and_identities) {
  BOOST_TEST((constant({2, 2}, 0.5) == Tensor(Shape{2, 2}, {0.5, 0.5, 0.5, 0.5})));
  BOOST_TEST((identity({2, 3}) == Tensor(Shape{2, 3}, {1.0, 0.0, 0.0, 0.0, 1.0, 0.0})));
}

BOOST_DATA_TEST_CASE(orthogonal_rows_or_columns,
                     bdata::make({10, 3, 7, 1}) ^ bdata::make({4, 9, 7, 5}), rows, columns) {
  constexpr double gain = 1.5;
  const Tensor q = orthogonal({rows, columns}, key, gain);
  const std::span<const double> v = q.data<double>();
  const auto at = [&](int i, int j) { return v[static_cast<std::size_t>(i * columns + j)]; };
  const bool wide = rows < columns;
  const int count = wide ? rows : columns, length = wide ? columns : rows;
  for (int a = 0; a < count; ++a) {
    for (int b = 0; b < count; ++b) {
      double dot = 0;
      for (int k = 0; k < length; ++k) dot += wide ? at(a, k) * at(b, k) : at(k, a) * at(k, b);
      // Householder's Q is orthogonal to some ten roundings for each column.
      BOOST_TEST(std::abs(dot - (a == b ? gain * gain : 0)) <= 10 * 10 * 0x1p-53 * gain * gain);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_orthogonal_filter_takes_its_axes_together) {
  const Tensor q = orthogonal({4, 3, 2}, key);
  BOOST_TEST((q == orthogonal({4, 6}, key).reshaped({4, 3, 2})));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_drawn_is_refused) {
  BOOST_TEST(message<ValueError>([] { return uniform({2}, 1, 0, key); }) ==
             "uniform: [1, 0) is not an interval");
  BOOST_TEST(message<ValueError>([] { return normal({2}, 0, -1, key); }) ==
             "normal: deviation -1, must be at least 0");
  BOOST_TEST(message<ValueError>([] {
               return truncated_normal({2}, 0, 1, 2, 2, key);
             }).starts_with("truncated_normal: deviation 1 in [2, 2], "));
  BOOST_TEST(message<ShapeError>([] { return he_normal({5}, key); }) ==
             "he_normal: weights (5) have no fans: (out, in, ...) is needed");
  BOOST_TEST(message<ShapeError>([] {
               return glorot_uniform({5, 0}, key);
             }) == "glorot_uniform: weights (5, 0) have no fans: (out, in, ...) is needed");
  BOOST_TEST(message<ShapeError>([] { return identity({5}); }) == "identity: (5) is not a matrix");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
