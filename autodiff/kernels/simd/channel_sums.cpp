// Sums over channels: by the tree of fold-inl.h where a channel has adjacent elements, and along the
// channels where it has one.
#include "autodiff/kernels/simd/channel_sums.hpp"

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/channel_sums.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/fold-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

template <class T>
HWY_INLINE void sums_of(const T* x, T* sums, std::size_t channels, std::size_t n) {
  if (n == 1) {
    return map([](auto, auto s, auto v) HWY_ATTR { return s + v; }, sums, channels, sums, x);
  }
  for (std::size_t k = 0; k < channels; ++k, x += n) sums[k] += fold(Plus{}, Value{}, T(0), n, x);
}

template <class T>
HWY_INLINE void squares_of(const T* x, const T* about, T* sums, std::size_t channels,
                           std::size_t n) {
  if (n == 1) {
    const auto add = [](auto, auto s, auto v, auto m) HWY_ATTR {
      const auto away = v - m;
      return s + away * away;
    };
    return map(add, sums, channels, sums, x, about);
  }
  const hn::ScalableTag<T> d;
  for (std::size_t k = 0; k < channels; ++k, x += n) {
    const auto center = hn::Set(d, about[k]);
    const auto square = [&](auto v) HWY_ATTR {
      const auto away = v - center;
      return away * away;
    };
    sums[k] += fold(Plus{}, square, T(0), n, x);
  }
}

template <class T>
HWY_INLINE void products_of(const T* c, const T* x, const T* about, T* sums, std::size_t channels,
                            std::size_t n) {
  T* const products = sums + channels;
  if (n == 1) {
    const auto add = [](auto, auto s, auto a, auto v, auto m) HWY_ATTR { return s + a * (v - m); };
    sums_of(c, sums, channels, n);
    return map(add, products, channels, products, c, x, about);
  }
  const hn::ScalableTag<T> d;
  for (std::size_t k = 0; k < channels; ++k, c += n, x += n) {
    const auto center = hn::Set(d, about[k]);
    const auto product = [&](auto a, auto v) HWY_ATTR { return a * (v - center); };
    sums[k] += fold(Plus{}, Value{}, T(0), n, c);
    products[k] += fold(Plus{}, product, T(0), n, c, x);
  }
}

template <class T>
HWY_INLINE void centered(const T* x, const T* m, const T* s, const T* b, T* out, std::size_t n) {
  // Each operation rounded by itself, as in the plain loop.
  const auto value = [](auto, auto xv, auto mv, auto sv, auto bv)
                         HWY_ATTR { return (xv - mv) * sv + bv; };
  map(value, out, n, x, m, s, b);
}

void sums_f32(const float* x, float* sums, std::size_t channels, std::size_t n) {
  sums_of(x, sums, channels, n);
}
void sums_f64(const double* x, double* sums, std::size_t channels, std::size_t n) {
  sums_of(x, sums, channels, n);
}
void squares_f32(const float* x, const float* about, float* sums, std::size_t channels,
                 std::size_t n) {
  squares_of(x, about, sums, channels, n);
}
void squares_f64(const double* x, const double* about, double* sums, std::size_t channels,
                 std::size_t n) {
  squares_of(x, about, sums, channels, n);
}
void products_f32(const float* c, const float* x, const float* about, float* sums,
                  std::size_t channels, std::size_t n) {
  products_of(c, x, about, sums, channels, n);
}
void products_f64(const double* c, const double* x, const double* about, double* sums,
                  std::size_t channels, std::size_t n) {
  products_of(c, x, about, sums, channels, n);
}

void centered_f32(const float* x, const float* m, const float* s, const float* b, float* out,
                  std::size_t n) {
  centered(x, m, s, b, out, n);
}
void centered_f64(const double* x, const double* m, const double* s, const double* b, double* out,
                  std::size_t n) {
  centered(x, m, s, b, out, n);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(sums_f32);
HWY_EXPORT(sums_f64);
HWY_EXPORT(squares_f32);
HWY_EXPORT(squares_f64);
HWY_EXPORT(products_f32);
HWY_EXPORT(products_f64);
HWY_EXPORT(centered_f32);
HWY_EXPORT(centered_f64);

void add_channel_sums(const float* x, float* sums, std::size_t channels, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sums_f32)(x, sums, channels, n);
}
void add_channel_sums(const double* x, double* sums, std::size_t channels, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sums_f64)(x, sums, channels, n);
}
void add_channel_squares(const float* x, const float* about, float* sums, std::size_t channels,
                         std::size_t n) {
  HWY_DYNAMIC_DISPATCH(squares_f32)(x, about, sums, channels, n);
}
void add_channel_squares(const double* x, const double* about, double* sums, std::size_t channels,
                         std::size_t n) {
  HWY_DYNAMIC_DISPATCH(squares_f64)(x, about, sums, channels, n);
}
void add_channel_products(const float* c, const float* x, const float* about, float* sums,
                          std::size_t channels, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(products_f32)(c, x, about, sums, channels, n);
}
void add_channel_products(const double* c, const double* x, const double* about, double* sums,
                          std::size_t channels, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(products_f64)(c, x, about, sums, channels, n);
}

void centered_affine(const float* x, const float* m, const float* s, const float* b, float* out,
                     std::size_t n) {
  HWY_DYNAMIC_DISPATCH(centered_f32)(x, m, s, b, out, n);
}
void centered_affine(const double* x, const double* m, const double* s, const double* b,
                     double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(centered_f64)(x, m, s, b, out, n);
}

}  // namespace dtheta::simd
#endif
