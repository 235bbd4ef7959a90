#include "tests/autodiff/simd/reference.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::Quad;

/// Lengths around every boundary of the summation tree: lanes, columns, blocks, pairs of blocks.
constexpr std::size_t lengths[] = {0,    1,    2,    3,    5,    8,     15,   16,   17,
                                   31,   33,   63,   64,   65,   100,   127,  1000, 1023,
                                   1025, 2047, 2048, 2049, 4096, 10007, 50001};

template <class T>
std::vector<T> random_values(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal;
  std::vector<T> x(n);
  for (T& v : x) v = normal(random);
  return x;
}

template <class T>
struct Results {
  T sum, sum_abs, sum_squares, dot, max, product;
  friend bool operator==(const Results&, const Results&) = default;
};

template <class T>
Results<T> reduce(const T* a, const T* b, std::size_t n) {
  return {s::sum(a, n),    s::sum_abs(a, n), s::sum_squares(a, n),
          s::dot(a, b, n), s::max(a, n),     s::product(a, n)};
}

/// |got - exact| <= (32 + log2 n + 2) eps * sum of magnitudes, the tree's bound.
template <class T, class Term>
void check_sum(T got, std::size_t n, Term term) {
  Quad exact = 0, magnitudes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    exact += term(i);
    magnitudes += abs(term(i));
  }
  const double eps = std::numeric_limits<T>::epsilon() / 2;
  const double levels = 32 + std::log2(static_cast<double>(n) + 1) + 2;
  const double error = static_cast<double>(abs(Quad(got) - exact));
  BOOST_TEST(error <= levels * eps * static_cast<double>(magnitudes));
}

/// Of factors near 1, none of whose products leaves the range: each multiplication is rounded once.
template <class T>
void check_product(std::size_t n) {
  std::vector<T> x = random_values<T>(n, 3);
  for (T& v : x) v = T(1) + v / T(1024);
  Quad exact = 1;
  for (const T v : x) exact *= Quad(v);
  const double eps = std::numeric_limits<T>::epsilon() / 2;
  const double error = static_cast<double>(abs(Quad(s::product(x.data(), n)) / exact - Quad(1)));
  BOOST_TEST(error <= (static_cast<double>(n) + 1) * eps);
}

template <class T>
void check_values() {
  for (std::size_t n : lengths) {
    const auto a = random_values<T>(n, 1), b = random_values<T>(n, 2);
    const auto r = reduce(a.data(), b.data(), n);
    check_sum(r.sum, n, [&](std::size_t i) { return Quad(a[i]); });
    check_sum(r.sum_abs, n, [&](std::size_t i) { return Quad(std::abs(a[i])); });
    check_sum(r.sum_squares, n, [&](std::size_t i) { return Quad(a[i]) * Quad(a[i]); });
    check_sum(r.dot, n, [&](std::size_t i) { return Quad(a[i]) * Quad(b[i]); });
    const T largest = n == 0 ? -std::numeric_limits<T>::infinity() : std::ranges::max(a);
    BOOST_TEST(r.max == largest);
    check_product<T>(n);
  }
}

template <class T>
void check_reproducibility() {
  for (std::size_t n : lengths) {
    const auto a = random_values<T>(n, 1), b = random_values<T>(n, 2);
    const auto expected = reduce(a.data(), b.data(), n);
    for (const auto target : simd_reference::targets()) {
      const ForcedTarget forced(target);
      BOOST_TEST((reduce(a.data(), b.data(), n) == expected), hwy::TargetName(target) << n);
      for (std::size_t shift = 1; shift < 16; ++shift) {
        std::vector<T> moved(n + shift);
        std::copy(a.begin(), a.end(), moved.begin() + static_cast<std::ptrdiff_t>(shift));
        BOOST_TEST((reduce(moved.data() + shift, b.data(), n) == expected));
      }
    }
  }
}

template <class T>
void check_special_values() {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T infinity = std::numeric_limits<T>::infinity();
  for (std::size_t n : {1U, 5U, 17U, 300U, 5000U}) {
    for (std::size_t at : {std::size_t(0), n / 2, n - 1}) {
      std::vector<T> x(n, T(-1));
      x[at] = nan;
      BOOST_TEST(std::isnan(s::max(x.data(), n)));
      BOOST_TEST(std::isnan(s::sum(x.data(), n)));
      x[at] = infinity;
      BOOST_TEST(s::max(x.data(), n) == infinity);
      BOOST_TEST(s::sum(x.data(), n) == infinity);
    }
    const std::vector<T> negative(n, T(-3));
    BOOST_TEST(s::max(negative.data(), n) == -3);
  }
  const T zeros[] = {T(-0.0), T(0.0), T(-0.0)};
  BOOST_TEST(!std::signbit(s::max(zeros, 3)));
  BOOST_TEST(std::signbit(s::max(zeros, 1)));
}

BOOST_AUTO_TEST_SUITE(simd_reductions_suite)

BOOST_AUTO_TEST_CASE(errors_stay_within_the_bound_of_the_tree) {
  check_values<float>();
  check_values<double>();
}

BOOST_AUTO_TEST_CASE(every_instruction_set_and_alignment_gives_the_same_bits) {
  check_reproducibility<float>();
  check_reproducibility<double>();
}

BOOST_AUTO_TEST_CASE(nan_and_infinity) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    check_special_values<float>();
    check_special_values<double>();
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
