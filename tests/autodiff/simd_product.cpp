#include "autodiff/kernels/simd/product.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/autodiff/simd_reference.hpp"

namespace {

using simd_reference::ForcedTarget;
using simd_reference::Quad;

template <class T>
std::vector<T> values(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> v(n);
  for (T& x : v) x = uniform(random);
  return v;
}

/// Rows are `gap` elements further apart than they are long; what lies between stays as it is.
template <class T>
void check(std::size_t m, std::size_t n, std::size_t k, std::size_t gap) {
  const std::vector<T> a = values<T>(m * (k + gap), 1), b = values<T>(k * (n + gap), 2);
  const std::vector<T> before = values<T>(m * (n + gap), 3);
  std::vector<T> c = before;
  dtheta::simd::add_product(
      dtheta::simd::Product<T>{m, n, k, a.data(), k + gap, b.data(), n + gap, c.data(), n + gap});
  const Quad eps = std::numeric_limits<T>::epsilon() / 2;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n + gap; ++j) {
      const std::size_t at = i * (n + gap) + j;
      if (j >= n) {
        BOOST_REQUIRE(c[at] == before[at]);
        continue;
      }
      Quad sum = Quad(before[at]), magnitude = abs(sum);
      for (std::size_t p = 0; p < k; ++p) {
        const Quad term = Quad(a[i * (k + gap) + p]) * Quad(b[p * (n + gap) + j]);
        sum += term;
        magnitude += abs(term);
      }
      // k roundings of products and sums, one for the element that was there.
      BOOST_REQUIRE((abs(Quad(c[at]) - sum) <= Quad(static_cast<double>(k) + 2) * eps * magnitude));
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_product_suite)

BOOST_AUTO_TEST_CASE(errors_stay_within_the_bound_of_a_sum) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (std::size_t m : {1U, 3U, 8U, 9U, 16U, 21U}) {
      for (std::size_t n : {1U, 2U, 7U, 16U, 47U, 48U, 49U, 100U}) {
        BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << m << "x" << n) {
          for (std::size_t k : {0U, 1U, 13U}) {
            check<float>(m, n, k, 0);
            check<double>(m, n, k, 3);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
