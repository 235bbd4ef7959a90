// Hyperbolic functions and their inverses.
#include <limits>

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/hyperbolic.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/gates-inl.h"
#include "autodiff/kernels/simd/log-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// (E + E / (E + 1)) / 2 with E = expm1(|x|). Where E may overflow it is computed as E / 4, and the
/// second term has vanished.
struct Sinh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    auto parts = reduce_exp(d, at_most(d, hn::Abs(x), sizeof(T) == 4 ? T(89.5) : T(710.6)));
    const auto large = hn::Gt(parts.k, hn::Set(d, T(std::numeric_limits<T>::max_exponent - 3)));
    parts.k_shifted = parts.k_shifted - hn::IfThenElseZero(large, hn::Set(d, T(2)));
    const V e = expm1_reduced(d, parts);
    const V sum = e + e / (e + hn::Set(d, T(1)));
    return hn::CopySign(hn::IfThenElse(large, e + e, hn::Set(d, T(0.5)) * sum), x);
  }
};

/// t + 1 / (4 t) with t = exp(|x|) / 2.
struct Cosh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const auto parts = reduce_exp(d, at_most(d, hn::Abs(x), sizeof(T) == 4 ? T(90) : T(711)));
    const V t = scale(d, exp_mantissa(d, parts), parts.k - hn::Set(d, T(1)));
    return t + hn::Set(d, T(0.25)) / t;
  }
};

/// Beyond this asinh(x) and acosh(x) are log(2 x), and x^2 is still finite.
template <class T>
inline constexpr T only_log = sizeof(T) == 4 ? T(0x1p30) : T(0x1p100);

/// log(1 + small), or log(2 x) where x is large.
template <class D, class V>
HWY_INLINE V log1p_or_log_twice(D d, V small, V x) {
  using T = hn::TFromD<D>;
  const auto large = hn::Gt(x, hn::Set(d, only_log<T>));
  const V y = log1p_finite(d, hn::IfThenElse(large, x, small));
  const V ln2 = hn::IfThenElseZero(large, hn::Set(d, T(0.69314718055994530942)));
  return hn::IfThenElse(hn::Lt(x, hn::Inf(d)), y + ln2, x);
}

/// log(|x| + sqrt(x^2 + 1)) = log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))), as in fdlibm.
struct Asinh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, hn::TFromD<D>(1));
    const V magnitude = hn::Abs(x);
    const V square = x * x;
    const V small = magnitude + square / (one + hn::Sqrt(one + square));
    return hn::CopySign(log1p_or_log_twice(d, small, magnitude), x);
  }
};

/// log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(t (t + 2))) with t = x - 1.
struct Acosh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V one = hn::Set(d, T(1));
    const V t = x - one;
    const V y = log1p_or_log_twice(d, t + hn::Sqrt(t * (t + hn::Set(d, T(2)))), x);
    return hn::IfThenElse(hn::Lt(x, one), hn::NaN(d), y);
  }
};

/// log1p(2 |x| / (1 - |x|)) / 2, the quotient as 2 |x| + 2 x^2 / (1 - |x|) where that is more
/// accurate.
struct Atanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V one = hn::Set(d, T(1));
    const V half = hn::Set(d, T(0.5));
    const V magnitude = hn::Abs(x);
    const V twice = magnitude + magnitude;
    const auto small = hn::Lt(magnitude, half);
    const V quotient = hn::IfThenElse(small, twice * magnitude, twice) / (one - magnitude);
    const V y = half * log1p_finite(d, quotient + hn::IfThenElseZero(small, twice));
    const V limit = hn::IfThenElse(hn::Eq(magnitude, one), hn::Inf(d), hn::NaN(d));
    return hn::CopySign(hn::IfThenElse(hn::Lt(magnitude, one), y, limit), x);
  }
};

void tanh_f32(const float* x, float* out, std::size_t n) { map(Tanh{}, out, n, x); }
void tanh_f64(const double* x, double* out, std::size_t n) { map(Tanh{}, out, n, x); }
void sinh_f32(const float* x, float* out, std::size_t n) { map(Sinh{}, out, n, x); }
void sinh_f64(const double* x, double* out, std::size_t n) { map(Sinh{}, out, n, x); }
void cosh_f32(const float* x, float* out, std::size_t n) { map(Cosh{}, out, n, x); }
void cosh_f64(const double* x, double* out, std::size_t n) { map(Cosh{}, out, n, x); }
void asinh_f32(const float* x, float* out, std::size_t n) { map(Asinh{}, out, n, x); }
void asinh_f64(const double* x, double* out, std::size_t n) { map(Asinh{}, out, n, x); }
void acosh_f32(const float* x, float* out, std::size_t n) { map(Acosh{}, out, n, x); }
void acosh_f64(const double* x, double* out, std::size_t n) { map(Acosh{}, out, n, x); }
void atanh_f32(const float* x, float* out, std::size_t n) { map(Atanh{}, out, n, x); }
void atanh_f64(const double* x, double* out, std::size_t n) { map(Atanh{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(tanh_f32);
HWY_EXPORT(tanh_f64);
HWY_EXPORT(sinh_f32);
HWY_EXPORT(sinh_f64);
HWY_EXPORT(cosh_f32);
HWY_EXPORT(cosh_f64);
HWY_EXPORT(asinh_f32);
HWY_EXPORT(asinh_f64);
HWY_EXPORT(acosh_f32);
HWY_EXPORT(acosh_f64);
HWY_EXPORT(atanh_f32);
HWY_EXPORT(atanh_f64);

void tanh(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(tanh_f32)(x, out, n); }
void tanh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(tanh_f64)(x, out, n);
}
void sinh(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(sinh_f32)(x, out, n); }
void sinh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sinh_f64)(x, out, n);
}
void cosh(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(cosh_f32)(x, out, n); }
void cosh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(cosh_f64)(x, out, n);
}
void asinh(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(asinh_f32)(x, out, n);
}
void asinh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(asinh_f64)(x, out, n);
}
void acosh(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(acosh_f32)(x, out, n);
}
void acosh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(acosh_f64)(x, out, n);
}
void atanh(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(atanh_f32)(x, out, n);
}
void atanh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(atanh_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
