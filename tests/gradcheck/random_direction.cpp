#include "gradcheck/numeric/random_direction.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

namespace dtheta::gradcheck {
namespace {

/// 30 entries of size about 0.1, then 2,000 of size about 5.
ParameterVector two_blocks() {
  ParameterVector theta;
  std::vector<double> small(30), large(2000);
  for (std::size_t i = 0; i < small.size(); ++i) small[i] = i % 2 == 0 ? 0.1 : -0.1;
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = i % 3 == 0 ? 5 : -5;
  theta.add("small", 1, {30}, small);
  theta.add("large", 2, {2000}, large);
  return theta;
}

template <class T>
std::vector<T> direction(RandomDirection& d, const ParameterVector& theta, std::uint64_t number) {
  const std::vector<T> at(theta.values().begin(), theta.values().end()), zero(at.size());
  for (const Block& b : theta.blocks()) {
    d.measure(b.offset, std::span(at).subspan(b.offset, b.size));
  }
  d.turn(number);
  std::vector<T> moved(at.size());
  d.move(0, std::span(zero), 1.0, std::span(moved));
  return moved;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_direction)

BOOST_AUTO_TEST_CASE(blocks_move_in_proportion_to_their_size) {
  const ParameterVector theta = two_blocks();
  RandomDirection d(theta, 1);
  double small = 0, large = 0;
  constexpr int count = 200;
  for (std::uint64_t k = 0; k < count; ++k) {
    const auto v = direction<double>(d, theta, k);
    for (std::size_t i = 0; i < 30; ++i) small += v[i] * v[i] / 30 / count;
    for (std::size_t i = 30; i < v.size(); ++i) large += v[i] * v[i] / 2000 / count;
  }
  // Mean squares of thousands of Gaussians: within 10 % of their size.
  BOOST_TEST(std::sqrt(small) == 0.1, boost::test_tools::tolerance(0.1));
  BOOST_TEST(std::sqrt(large) == 5.0, boost::test_tools::tolerance(0.1));
}

BOOST_AUTO_TEST_CASE(what_is_promised_is_the_product_of_gradient_and_direction) {
  const ParameterVector theta = two_blocks();
  RandomDirection d(theta, 3);
  const auto v = direction<double>(d, theta, 7);
  std::vector<double> g(v.size());
  double value = 0, squares = 0, last = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    g[i] = std::sin(static_cast<double>(i));
    value += g[i] * v[i];
    squares += g[i] * g[i] * v[i] * v[i];
    if (i >= 30) last += g[i] * v[i];
  }
  // 2,000 terms in another order.
  const double rounding = 2000 * 0x1p-53 * std::sqrt(2000 * squares);
  const auto whole = d.along(0, std::span<const double>(g));
  BOOST_TEST(std::abs(whole.value - value) <= rounding);
  // Each of two sums of 2,030 squares is off by as many roundings at most, their roots by half.
  BOOST_TEST(whole.spread == std::sqrt(squares), boost::test_tools::tolerance(2040 * 0x1p-53));
  const auto part = d.along(30, std::span<const double>(g).subspan(30));
  BOOST_TEST(std::abs(part.value - last) <= rounding);
  const std::vector<float> narrow(g.begin(), g.end());
  const auto in_float = d.along(0, std::span<const float>(narrow));
  // 32 terms are added in float, and gradient, direction and product rounded to it before.
  BOOST_TEST(std::abs(in_float.value - value) <= 36 * 0x1p-24 * std::sqrt(2030 * squares));
}

BOOST_AUTO_TEST_CASE(squares_need_not_be_numbers_of_the_type) {
  const ParameterVector theta = two_blocks();
  RandomDirection d(theta, 3);
  direction<double>(d, theta, 7);
  std::vector<double> g(theta.size());
  for (std::size_t i = 0; i < g.size(); ++i) g[i] = std::sin(static_cast<double>(i));
  const double spread = d.along(0, std::span<const double>(g)).spread;
  const auto times = [&]<class T>(T unit) {
    std::vector<T> large(g.size());
    for (std::size_t i = 0; i < g.size(); ++i) large[i] = unit * static_cast<T>(g[i]);
    return d.along(0, std::span<const T>(large)).spread / static_cast<double>(unit);
  };
  // Powers of two: what is rounded are the entry, its product with d, and in the end the sums.
  for (const float unit : {0x1p90F, 0x1p-90F}) {
    BOOST_TEST(times(unit) == spread, boost::test_tools::tolerance(4 * 0x1p-24));
  }
  for (const double unit : {0x1p700, 0x1p-700}) {
    BOOST_TEST(times(unit) == spread, boost::test_tools::tolerance(2040 * 0x1p-53));
  }
  g[5] = std::nan("");
  BOOST_TEST(std::isnan(d.along(0, std::span<const double>(g)).spread));
}

BOOST_AUTO_TEST_CASE(directions_are_functions_of_their_number_and_unlike_each_other) {
  const ParameterVector theta = two_blocks();
  RandomDirection one(theta, 1), two(theta, 1), other(theta, 2);
  const auto v = direction<double>(one, theta, 5);
  BOOST_TEST(direction<double>(two, theta, 5) == v, boost::test_tools::per_element());
  const auto in_float = direction<float>(two, theta, 5);
  const auto cosine = [&](const std::vector<double>& w) {
    double dot = 0, vv = 0, ww = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      dot += v[i] * w[i], vv += v[i] * v[i], ww += w[i] * w[i];
    }
    return dot / std::sqrt(vv * ww);
  };
  for (std::size_t i = 0; i < v.size(); ++i) {
    BOOST_TEST(std::abs(static_cast<double>(in_float[i]) - v[i]) <= 0x1p-22 * std::abs(v[i]));
  }
  // Of 2,000 Gaussians: 1 / sqrt(2000) is the deviation of the cosine, this is five of them.
  BOOST_TEST(std::abs(cosine(direction<double>(two, theta, 6))) < 0.112);
  BOOST_TEST(std::abs(cosine(direction<double>(other, theta, 5))) < 0.112);
}

BOOST_AUTO_TEST_CASE(blocks_of_zeros_move_as_the_others_do) {
  ParameterVector theta;
  theta.add("zeros", 1, {4}, std::vector<double>(4, 0.0));
  theta.add("twos", 1, {4}, std::vector<double>(4, 2.0));
  RandomDirection d(theta, 1);
  for (const double v : direction<double>(d, theta, 0)) BOOST_TEST(v != 0.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
