#include "autodiff/kernels/simd/product.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>

#include "tests/autodiff/simd/reference.hpp"

namespace {

namespace s = dtheta::simd;
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

enum class Added { nothing, c, bias };

/// A product of random matrices. Rows are `gap` elements further apart than they are long; what
/// lies between stays as it is.
template <class T>
class Case {
 public:
  using Multiply = void (*)(const s::Product<T>&);
  Case(Multiply multiply, std::size_t m, std::size_t n, std::size_t k, std::size_t gap)
      : multiply_(multiply), m_(m), n_(n), k_(k), gap_(gap) {}

  void check(bool transpose_a, bool transpose_b, Added added) const {
    const std::size_t a_stride = (transpose_a ? m_ : k_) + gap_;
    const std::size_t b_stride = (transpose_b ? k_ : n_) + gap_;
    std::vector<T> c = before_;
    s::Product<T> p{.m = m_,
                    .n = n_,
                    .k = k_,
                    .a = a_.data(),
                    .a_row = transpose_a ? 1 : a_stride,
                    .a_column = transpose_a ? a_stride : 1,
                    .b = b_.data(),
                    .b_stride = b_stride,
                    .b_transposed = transpose_b,
                    .c = c.data(),
                    .c_stride = n_ + gap_,
                    .factor = T(-1.5)};
    if (added == Added::c) p.added = c.data(), p.added_stride = n_ + gap_;
    if (added == Added::bias) p.added = bias_.data();
    multiply_(p);
    BOOST_TEST(within_bound(p, c, added), m_ << " x " << k_ << " x " << n_);

    // What is finished is what would have come out, seen through relu or relu_grad: to the bit.
    std::vector<T> finished = before_, gated = before_;
    if (added == Added::c) p.added = finished.data();
    p.c = finished.data(), p.rectified = true;
    multiply_(p);
    if (added == Added::c) p.added = gated.data();
    p.c = gated.data(), p.rectified = false, p.gate = gate_.data(), p.gate_stride = n_;
    multiply_(p);
    BOOST_TEST(finished_alike(c, finished, gated), m_ << " x " << k_ << " x " << n_);
  }

 private:
  /// Each sum of k products is off by k eps times the sum of magnitudes, in whatever order; the
  /// factor and the addition round once each, for each of up to three blocks of k.
  bool within_bound(const s::Product<T>& p, const std::vector<T>& c, Added added) const {
    const Quad eps = std::numeric_limits<T>::epsilon() / 2;
    const double blocks = k_ <= 256 ? 1 : 3;
    for (std::size_t i = 0; i < m_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        Quad sum = 0;
        if (added == Added::c) sum = Quad(before_[i * (n_ + gap_) + j]);
        if (added == Added::bias) sum = Quad(bias_[j]);
        Quad magnitude = abs(sum);
        for (std::size_t k = 0; k < k_; ++k) {
          const T b = p.b[p.b_transposed ? j * p.b_stride + k : k * p.b_stride + j];
          const Quad term = Quad(p.factor) * Quad(p.a[i * p.a_row + k * p.a_column]) * Quad(b);
          sum += term;
          magnitude += abs(term);
        }
        const Quad error = abs(Quad(c[i * (n_ + gap_) + j]) - sum);
        if (error > Quad(static_cast<double>(k_) + 2 * blocks) * eps * magnitude) return false;
      }
    }
    return true;
  }

  bool finished_alike(const std::vector<T>& c, const std::vector<T>& rectified,
                      const std::vector<T>& gated) const {
    for (std::size_t at = 0; at < c.size(); ++at) {
      const std::size_t i = at / (n_ + gap_), j = at % (n_ + gap_);
      if (j >= n_) {
        if (c[at] != before_[at] || rectified[at] != c[at] || gated[at] != c[at]) return false;
        continue;
      }
      if (rectified[at] != (c[at] > 0 ? c[at] : T(0))) return false;
      if (gated[at] != (gate_[i * n_ + j] > 0 ? c[at] : T(0))) return false;
    }
    return true;
  }

  Multiply multiply_;
  std::size_t m_, n_, k_, gap_;
  std::vector<T> a_ = values<T>((m_ + gap_) * (k_ + gap_), 1),
                 b_ = values<T>((n_ + gap_) * (k_ + gap_), 2),
                 before_ = values<T>(m_ * (n_ + gap_), 3), bias_ = values<T>(n_, 4),
                 gate_ = values<T>(m_ * n_, 5);
};

/// Memory by whole cache lines.
template <class T>
struct alignas(64) Lines {
  static constexpr std::size_t size = 64 / sizeof(T);
  T elements[size];
};

template <class T>
void check(typename Case<T>::Multiply multiply, std::size_t m, std::size_t n, std::size_t k,
           std::size_t gap) {
  const Case<T> product(multiply, m, n, k, gap);
  for (const Added added : {Added::nothing, Added::c, Added::bias}) {
    for (unsigned flags = 0; flags < 4; ++flags) {
      product.check((flags & 1) != 0, (flags & 2) != 0, added);
    }
  }
}

/// With just the work that it asks for.
template <class T>
void multiply_blocked(const s::Product<T>& p) {
  constexpr std::size_t guard = 32;
  const std::size_t size = s::blocked_work(p);
  const auto work = std::make_unique<Lines<T>[]>(size / Lines<T>::size + guard);
  T* const begin = work[0].elements;
  std::fill_n(begin + size, guard, T(77));
  s::multiply_blocked(p, begin);
  BOOST_REQUIRE(std::all_of(begin + size, begin + size + guard, [](T x) { return x == T(77); }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_product_suite)

BOOST_AUTO_TEST_CASE(products_of_any_size_and_finish) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (std::size_t m : {1U, 3U, 4U, 5U, 8U, 9U, 21U}) {
      for (std::size_t n : {1U, 2U, 3U, 6U, 7U, 8U, 15U, 16U, 19U, 47U, 48U, 49U, 100U}) {
        BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << m << "x" << n) {
          for (std::size_t k : {0U, 1U, 13U}) {
            check<float>(s::multiply, m, n, k, 0);
            check<double>(s::multiply, m, n, k, 3);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(products_by_packed_panels) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    const auto check_both = [](std::size_t m, std::size_t n, std::size_t k) {
      BOOST_TEST_CONTEXT(m << "x" << n << "x" << k) {
        check<float>(s::multiply_packed, m, n, k, 0);
        check<double>(s::multiply_packed, m, n, k, 3);
      }
    };
    BOOST_TEST_CONTEXT(hwy::TargetName(target)) {
      for (std::size_t m : {1U, 9U, 21U}) {
        for (std::size_t n : {1U, 3U, 16U, 19U, 48U, 100U}) {
          for (std::size_t k : {1U, 7U, 64U}) check_both(m, n, k);
        }
      }
      // Up to three blocks of k.
      for (std::size_t k : {255U, 530U, 810U}) {
        check_both(1, 1, k), check_both(9, 48, k), check_both(21, 19, k), check_both(8, 100, k);
      }
    }
  }
}

/// Some tiles and a bit, more than a block of k and of rows, than a group of panels and its rows of B at once.
BOOST_AUTO_TEST_CASE(products_by_blocks) {
  struct Size {
    std::size_t m, n, k;
  };
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (const Size z : {Size{1, 1, 1},
                         {9, 49, 390},
                         {21, 100, 7},
                         {200, 19, 13},
                         {11, 4099, 2},
                         {5, 210, 40},
                         {2053, 9, 3}}) {
      BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << z.m << "x" << z.n << "x" << z.k) {
        check<float>(multiply_blocked<float>, z.m, z.n, z.k, 0);
        check<double>(multiply_blocked<double>, z.m, z.n, z.k, 3);
      }
    }
  }
}

/// Also where there is nothing to sum, NaN stays NaN in relu, and behind a NaN as gate all is NaN.
BOOST_AUTO_TEST_CASE(nan_in_products) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> bias{nan, 1, -1}, gate{1, nan, 1};
    std::vector<float> c(3);
    s::Product<float> p{.m = 1,
                        .n = 3,
                        .k = 0,
                        .a = bias.data(),
                        .a_row = 0,
                        .a_column = 1,
                        .b = bias.data(),
                        .b_stride = 3,
                        .c = c.data(),
                        .c_stride = 3,
                        .added = bias.data(),
                        .rectified = true};
    s::multiply(p);
    BOOST_TEST((std::isnan(c[0]) && c[1] == 1 && c[2] == 0));
    p.rectified = false, p.gate = gate.data(), p.gate_stride = 3;
    s::multiply(p);
    BOOST_TEST((std::isnan(c[0]) && std::isnan(c[1]) && c[2] == -1));
  }
}

BOOST_AUTO_TEST_SUITE_END()
