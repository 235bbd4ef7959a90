#include "autodiff/random.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

constexpr std::size_t many = 1 << 16;

std::vector<double> uniform(RandomKey key, std::uint64_t step, std::size_t count = many) {
  std::vector<double> values(count);
  random_uniform(key, step, 0, values);
  return values;
}

std::vector<double> normal(RandomKey key, std::uint64_t step, std::size_t count = many) {
  std::vector<double> values(count);
  random_normal(key, step, 0, values);
  return values;
}

double mean_of(const std::vector<double>& values, auto f) {
  double sum = 0;
  for (const double v : values) sum += f(v);
  return sum / static_cast<double>(values.size());
}

/// The mean of n independent values of standard deviation s is off by more than 5 s / sqrt(n) once
/// in 1.7 million tries. The keys here are fixed, so a test that passes passes for good.
double five_sigma(double s, std::size_t n = many) {
  return 5 * s / std::sqrt(static_cast<double>(n));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_suite)

BOOST_AUTO_TEST_CASE(philox_gives_the_known_answers) {
  std::ifstream file(DTHETA_TEST_DATA "/philox4x32_10.txt");
  std::string line;
  int vectors = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string name;
    int rounds = 0;
    std::array<std::uint32_t, 4> counter{}, expected{};
    std::array<std::uint32_t, 2> key{};
    words >> name >> rounds >> std::hex;
    for (auto& w : counter) words >> w;
    for (auto& w : key) words >> w;
    for (auto& w : expected) words >> w;
    BOOST_REQUIRE(!words.fail());
    BOOST_TEST(name == "philox4x32");
    BOOST_TEST(rounds == 10);
    BOOST_TEST(philox(counter, key) == expected, boost::test_tools::per_element());
    ++vectors;
  }
  BOOST_TEST(vectors == 3);
}

BOOST_AUTO_TEST_CASE(a_sequence_is_philox_of_step_and_position_under_seed_and_stream) {
  std::array<std::uint32_t, 8> words{};
  const std::uint64_t step = 0x123456789;
  random_words({7, 9}, step, 0, words);
  for (std::uint32_t block = 0; block < 2; ++block) {
    const auto expected = philox({block, 0, 0x23456789, 0x1}, {7, 9});
    BOOST_TEST(std::equal(expected.begin(), expected.end(), words.begin() + 4 * block));
  }
  // Past 2^34 words the block number needs its upper half.
  std::array<std::uint32_t, 4> late{};
  random_words({7, 9}, step, Index{1} << 34, late);
  BOOST_TEST(late == philox({0, 1, 0x23456789, 0x1}, {7, 9}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(any_part_drawn_alone_is_that_part_of_the_whole) {
  constexpr std::size_t count = 64;
  std::vector<std::uint32_t> words(count);
  random_words({1, 2}, 3, 0, words);
  const std::vector<double> u = uniform({1, 2}, 3, count), z = normal({1, 2}, 3, count);
  for (std::size_t first = 0; first < 20; ++first) {
    for (std::size_t length = 0; length < 20; ++length) {
      std::vector<std::uint32_t> part(length);
      random_words({1, 2}, 3, static_cast<Index>(first), part);
      BOOST_TEST(std::equal(part.begin(), part.end(), words.begin() + static_cast<Index>(first)));
      if (first % 2 != 0) continue;  // numbers come in pairs
      std::vector<double> numbers(length);
      random_uniform({1, 2}, 3, static_cast<Index>(first), numbers);
      BOOST_TEST(std::equal(numbers.begin(), numbers.end(), u.begin() + static_cast<Index>(first)));
      random_normal({1, 2}, 3, static_cast<Index>(first), numbers);
      BOOST_TEST(std::equal(numbers.begin(), numbers.end(), z.begin() + static_cast<Index>(first)));
    }
  }
}

BOOST_AUTO_TEST_CASE(seeds_streams_and_steps_are_sequences_of_their_own) {
  const std::vector<std::vector<double>> all{uniform({1, 1}, 0), uniform({2, 1}, 0),
                                             uniform({1, 2}, 0), uniform({1, 1}, 1)};
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      // Independent u, v: (u - 1/2)(v - 1/2) has mean 0 and standard deviation 1/12.
      double sum = 0;
      for (std::size_t i = 0; i < many; ++i) sum += (all[a][i] - 0.5) * (all[b][i] - 0.5);
      BOOST_TEST(std::abs(sum / many) <= five_sigma(1.0 / 12));
    }
  }
  BOOST_TEST(uniform({1, 1}, 0) == all[0], boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(uniform_numbers_have_the_moments_of_the_uniform_distribution) {
  const std::vector<double> u = uniform({3, 0}, 0);
  BOOST_TEST(*std::ranges::min_element(u) >= 0.0);
  BOOST_TEST(*std::ranges::max_element(u) < 1.0);
  for (const double v : u) BOOST_REQUIRE(v * 0x1p53 == std::floor(v * 0x1p53));
  // E u^k = 1/(k+1), Var u^k = 1/(2k+1) - 1/(k+1)^2.
  for (int k = 1; k <= 4; ++k) {
    const double mean = 1.0 / (k + 1), variance = 1.0 / (2 * k + 1) - mean * mean;
    BOOST_TEST(std::abs(mean_of(u, [k](double v) { return std::pow(v, k); }) - mean) <=
               five_sigma(std::sqrt(variance)));
  }
  // Neighbours are uncorrelated.
  double sum = 0;
  for (std::size_t i = 1; i < many; ++i) sum += (u[i] - 0.5) * (u[i - 1] - 0.5);
  BOOST_TEST(std::abs(sum / (many - 1)) <= five_sigma(1.0 / 12));
  // Kolmogorov: sqrt(n) D exceeds 2.5 once in 130,000 tries (2 exp(-2 * 2.5^2)).
  std::vector<double> sorted = u;
  std::ranges::sort(sorted);
  double distance = 0;
  for (std::size_t i = 0; i < many; ++i) {
    distance = std::max({distance, static_cast<double>(i + 1) / many - sorted[i],
                         sorted[i] - static_cast<double>(i) / many});
  }
  BOOST_TEST(distance <= 2.5 / std::sqrt(static_cast<double>(many)));
}

BOOST_AUTO_TEST_CASE(normal_numbers_have_the_moments_of_the_normal_distribution) {
  const std::vector<double> z = normal({4, 0}, 0);
  // E z^k = 0, 1, 0, 3 and Var z^k = E z^2k - (E z^k)^2 = 1, 3 - 1, 15, 105 - 9.
  const double moments[]{0, 1, 0, 3}, variances[]{1, 2, 15, 96};
  for (int k = 1; k <= 4; ++k) {
    BOOST_TEST(std::abs(mean_of(z, [k](double v) { return std::pow(v, k); }) - moments[k - 1]) <=
               five_sigma(std::sqrt(variances[k - 1])));
  }
  // The two of a pair are independent, in size too: E z1^2 z2^2 = 1, Var = 9 - 1.
  double product = 0, squares = 0;
  for (std::size_t i = 0; i < many; i += 2) {
    product += z[i] * z[i + 1];
    squares += z[i] * z[i] * z[i + 1] * z[i + 1];
  }
  BOOST_TEST(std::abs(product / (many / 2)) <= five_sigma(1, many / 2));
  BOOST_TEST(std::abs(squares / (many / 2) - 1) <= five_sigma(std::sqrt(8.0), many / 2));
  // Phi(1) - Phi(-1) = erf(1/sqrt 2)
  const double inside = std::erf(1 / std::numbers::sqrt2);
  BOOST_TEST(std::abs(mean_of(z, [](double v) { return std::abs(v) < 1 ? 1.0 : 0.0; }) - inside) <=
             five_sigma(std::sqrt(inside * (1 - inside))));
}

BOOST_AUTO_TEST_CASE(a_mask_keeps_its_share_and_its_mean) {
  for (const double keep : {0.25, 0.8, 1.0, 1e-3}) {
    Tape tape;
    const Var mask = dropout_mask(tape, {Index{many}}, keep, {5, 6});
    const std::span<const double> values = mask.data<double>();
    double kept = 0;
    for (const double v : values) {
      BOOST_REQUIRE((v == 0 || v == 1 / keep));
      kept += v != 0 ? 1 : 0;
    }
    BOOST_TEST(std::abs(kept / many - keep) <= five_sigma(std::sqrt(keep * (1 - keep))));
  }
}

BOOST_AUTO_TEST_CASE(random_ops_are_the_same_in_every_scalar_and_follow_the_step) {
  Tape tape;
  const Var mask = dropout_mask(tape, {7, 5}, 0.5, {1, 0});
  const Var noise = normal_noise(tape, {7, 5}, {1, 1}), u = uniform_noise(tape, {7, 5}, {1, 2});
  const std::vector<Var> all{mask, noise, u};
  Workspace<double> d{Plan(all)};
  Workspace<Quad> q{Plan(all)};
  for (const Index step : {Index{0}, Index{1}, Index{1} << 40}) {
    d.index_leaf(tape.step())[0] = step;
    q.index_leaf(tape.step())[0] = step;
    d.run(), q.run();
    for (const Var v : all) {
      for (std::size_t i = 0; i < 35; ++i) BOOST_TEST((q[v][i] == Quad(d[v][i])));
    }
    std::vector<double> expected(35);
    random_normal({1, 1}, static_cast<std::uint64_t>(step), 0, expected);
    BOOST_TEST(std::equal(expected.begin(), expected.end(), d[noise].begin()));
    random_uniform({1, 2}, static_cast<std::uint64_t>(step), 0, expected);
    BOOST_TEST(std::equal(expected.begin(), expected.end(), d[u].begin()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
