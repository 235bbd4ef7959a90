#include "autodiff/kernels/simd/channel_sums.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/autodiff/simd/reference.hpp"

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::Quad;

constexpr std::size_t lengths[] = {1, 2, 8, 15, 16, 17, 64, 100, 128, 129, 2100};
constexpr std::size_t counts[] = {1, 3, 16, 37};

template <class T>
struct Operands {
  std::vector<T> c, x, about;
  Operands(std::size_t channels, std::size_t n) : c(channels * n), x(c.size()), about(channels) {
    std::mt19937 random(static_cast<unsigned>(channels * n));
    std::normal_distribution<T> normal(T(1), T(1));
    for (auto* values : {&c, &x, &about}) {
      for (T& v : *values) v = normal(random);
    }
  }
};

/// All sums of the three functions, one behind the other, each beside what was there before.
template <class T>
std::vector<T> run(const Operands<T>& o, std::size_t n) {
  const std::size_t channels = o.about.size();
  std::vector<T> sums(4 * channels, T(3));
  s::add_channel_sums(o.x.data(), sums.data(), channels, n);
  s::add_channel_squares(o.x.data(), o.about.data(), sums.data() + channels, channels, n);
  s::add_channel_products(o.c.data(), o.x.data(), o.about.data(), sums.data() + 2 * channels,
                          channels, n);
  return sums;
}

/// Each sum beside its formula, in parts of the sum of magnitudes: off by the levels of its tree,
/// and by the roundings of a term.
template <class T>
void check(std::size_t channels, std::size_t n) {
  const Operands<T> o(channels, n);
  const std::vector<T> got = run(o, n);
  const double levels = 32 + std::log2(static_cast<double>(n) + 1) + 4;
  for (std::size_t k = 0; k < channels; ++k) {
    std::array<Quad, 4> sum{3, 3, 3, 3}, size{3, 3, 3, 3};
    for (std::size_t i = k * n; i < (k + 1) * n; ++i) {
      const Quad away = Quad(o.x[i]) - Quad(o.about[k]);
      const std::array<Quad, 4> terms{o.x[i], away * away, o.c[i], Quad(o.c[i]) * away};
      for (std::size_t t = 0; t < 4; ++t) sum[t] += terms[t], size[t] += abs(terms[t]);
    }
    for (std::size_t t = 0; t < 4; ++t) {
      const Quad bound = Quad(levels * std::numeric_limits<T>::epsilon()) * size[t];
      BOOST_TEST((abs(Quad(got[t * channels + k]) - sum[t]) <= bound), t << " of " << k);
    }
  }
}

template <class T>
void check_same_bits(std::size_t channels, std::size_t n) {
  const Operands<T> o(channels, n);
  const std::vector<T> expected = run(o, n);
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    BOOST_TEST((run(o, n) == expected), hwy::TargetName(target) << " " << n);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_channel_sums_suite)

BOOST_AUTO_TEST_CASE(channels_of_every_length) {
  for (std::size_t n : lengths) {
    for (std::size_t channels : counts) {
      BOOST_TEST_CONTEXT("n " << n << " channels " << channels) {
        check<float>(channels, n);
        check<double>(channels, n);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_instruction_set_gives_the_same_bits) {
  for (std::size_t n : lengths) {
    for (std::size_t channels : counts) {
      check_same_bits<float>(channels, n);
      check_same_bits<double>(channels, n);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
