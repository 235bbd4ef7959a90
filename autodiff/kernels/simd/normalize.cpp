// Rows brought to mean 0 and variance 1: the statistics in two passes over a row, then the row.
#include "autodiff/kernels/simd/normalize.hpp"

#include <cmath>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/normalize.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/fold-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// y = (x - shift) * rate
template <class T>
struct Standardizer {
  T shift, rate;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return (x - hn::Set(d, shift)) * hn::Set(d, rate);
  }
};

/// Those of the first rows, as many as are computed together.
template <class T>
class Standardizers {
 public:
  Standardizers(const RowStatistics& s, const T* x, std::size_t count, std::size_t n)
      : count_(rows_together<T>(count, n)) {
    const T of_row = static_cast<T>(n);
    for (std::size_t r = 0; r < count_; ++r) {
      all_[r].shift = s.centered ? fold(Plus{}, Value{}, T(0), n, x + r * n) / of_row : T(0);
    }
    const hn::ScalableTag<T> d;
    for (std::size_t r = 0; r < count_; ++r) {
      const auto center = hn::Set(d, all_[r].shift);
      const auto square = [&](auto v) HWY_ATTR {
        const auto away = v - center;
        return away * away;
      };
      const T variance = fold(Plus{}, square, T(0), n, x + r * n) / of_row;
      all_[r].rate = T(1) / std::sqrt(variance + static_cast<T>(s.epsilon));
    }
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  const Standardizer<T>& operator[](std::size_t r) const { return all_[r]; }

 private:
  std::size_t count_;
  Standardizer<T> all_[most_together];
};

template <class T>
HWY_INLINE void standardize_rows(const RowStatistics& s, const T* x, T* out, std::size_t count,
                                 std::size_t n) {
  for (std::size_t some; count > 0; count -= some, x += some * n, out += some * n) {
    const Standardizers<T> y(s, x, count, n);
    some = y.count();
    for (std::size_t r = 0; r < some; ++r) map(y[r], out + r * n, n, x + r * n);
  }
}

template <class T>
HWY_INLINE void standardize_grad_rows(const RowStatistics& s, const T* c, const T* x, T* out,
                                      std::size_t count, std::size_t n) {
  const hn::ScalableTag<T> tag;
  T mean[most_together], along[most_together];
  for (std::size_t some; count > 0; count -= some, c += some * n, x += some * n, out += some * n) {
    const Standardizers<T> y(s, x, count, n);
    some = y.count();
    for (std::size_t r = 0; r < some; ++r) {
      mean[r] = s.centered ? fold(Plus{}, Value{}, T(0), n, c + r * n) / static_cast<T>(n) : T(0);
    }
    for (std::size_t r = 0; r < some; ++r) {
      const auto product = [&](auto a, auto b) HWY_ATTR { return a * y[r](tag, b); };
      along[r] = fold(Plus{}, product, T(0), n, c + r * n, x + r * n) / static_cast<T>(n);
    }
    for (std::size_t r = 0; r < some; ++r) {
      const auto pulled = [&](auto d, auto a, auto b) HWY_ATTR {
        return hn::Set(d, y[r].rate) *
               (a - hn::Set(d, mean[r]) - y[r](d, b) * hn::Set(d, along[r]));
      };
      map(pulled, out + r * n, n, c + r * n, x + r * n);
    }
  }
}

void standardize_f32(const RowStatistics& s, const float* x, float* out, std::size_t count,
                     std::size_t n) {
  standardize_rows(s, x, out, count, n);
}
void standardize_f64(const RowStatistics& s, const double* x, double* out, std::size_t count,
                     std::size_t n) {
  standardize_rows(s, x, out, count, n);
}
void standardize_grad_f32(const RowStatistics& s, const float* c, const float* x, float* out,
                          std::size_t count, std::size_t n) {
  standardize_grad_rows(s, c, x, out, count, n);
}
void standardize_grad_f64(const RowStatistics& s, const double* c, const double* x, double* out,
                          std::size_t count, std::size_t n) {
  standardize_grad_rows(s, c, x, out, count, n);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(standardize_f32);
HWY_EXPORT(standardize_f64);
HWY_EXPORT(standardize_grad_f32);
HWY_EXPORT(standardize_grad_f64);

void standardize(const RowStatistics& s, const float* x, float* out, std::size_t rows,
                 std::size_t n) {
  HWY_DYNAMIC_DISPATCH(standardize_f32)(s, x, out, rows, n);
}
void standardize(const RowStatistics& s, const double* x, double* out, std::size_t rows,
                 std::size_t n) {
  HWY_DYNAMIC_DISPATCH(standardize_f64)(s, x, out, rows, n);
}
void standardize_grad(const RowStatistics& s, const float* c, const float* x, float* out,
                      std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(standardize_grad_f32)(s, c, x, out, rows, n);
}
void standardize_grad(const RowStatistics& s, const double* c, const double* x, double* out,
                      std::size_t rows, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(standardize_grad_f64)(s, c, x, out, rows, n);
}

}  // namespace dtheta::simd
#endif
