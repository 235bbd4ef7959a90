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
  T shift = T(0), rate;

  Standardizer(const RowStatistics& s, const T* x, std::size_t n) {
    const hn::ScalableTag<T> d;
    const T count = static_cast<T>(n);
    if (s.centered) shift = fold(Plus{}, Value{}, T(0), n, x) / count;
    const auto center = hn::Set(d, shift);
    const auto square = [&](auto v) HWY_ATTR {
      const auto away = v - center;
      return away * away;
    };
    const T variance = fold(Plus{}, square, T(0), n, x) / count;
    rate = T(1) / std::sqrt(variance + static_cast<T>(s.epsilon));
  }
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return (x - hn::Set(d, shift)) * hn::Set(d, rate);
  }
};

template <class T>
HWY_INLINE void standardize_rows(const RowStatistics& s, const T* x, T* out, std::size_t count,
                                 std::size_t n) {
  for (; count > 0; --count, x += n, out += n) map(Standardizer<T>(s, x, n), out, n, x);
}

template <class T>
HWY_INLINE void standardize_grad_rows(const RowStatistics& s, const T* c, const T* x, T* out,
                                      std::size_t count, std::size_t n) {
  const hn::ScalableTag<T> tag;
  for (; count > 0; --count, c += n, x += n, out += n) {
    const Standardizer<T> y(s, x, n);
    const auto product = [&](auto a, auto b) HWY_ATTR { return a * y(tag, b); };
    const T mean = s.centered ? fold(Plus{}, Value{}, T(0), n, c) / static_cast<T>(n) : T(0);
    const T along = fold(Plus{}, product, T(0), n, c, x) / static_cast<T>(n);
    const auto pulled = [&](auto d, auto a, auto b) HWY_ATTR {
      return hn::Set(d, y.rate) * (a - hn::Set(d, mean) - y(d, b) * hn::Set(d, along));
    };
    map(pulled, out, n, c, x);
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
