// Arc sine, arc cosine and arc tangent.
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/inverse_trigonometric.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/coefficients.hpp"
#include "autodiff/kernels/simd/numeric-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

inline constexpr double pi_hi = 0x1.921fb54442d18p+1, pi_lo = 0x1.1a62633145c07p-53;

/// asin(r) - r for 0 <= r <= 1/2, from r and z = r^2.
template <class D, class V>
HWY_INLINE V asin_tail(D d, V r, V z) {
  return r * (z * polynomial(d, z, coefficients::asin<hn::TFromD<D>>));
}

/// |x| < 1/2 directly; else asin(|x|) = pi/2 - 2 asin(r) with r = sqrt((1 - |x|) / 2).
template <class V>
struct Halved {
  V r, tail;
};

template <class D, class V, class M>
HWY_INLINE Halved<V> halve(D d, V magnitude, M small) {
  using T = hn::TFromD<D>;
  const V half = hn::Set(d, T(0.5));
  const V z = hn::IfThenElse(small, magnitude * magnitude, (hn::Set(d, T(1)) - magnitude) * half);
  const V r = hn::IfThenElse(small, magnitude, hn::Sqrt(z));  // NaN where |x| > 1
  return {r, asin_tail(d, r, z)};
}

struct Asin {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr auto half_pi = two_part<T>(pi_hi / 2, pi_lo / 2);
    const V magnitude = hn::Abs(x);
    const auto small = hn::Lt(magnitude, hn::Set(d, T(0.5)));
    const auto h = halve(d, magnitude, small);
    const V sum = h.r + h.tail;
    const V twice = (h.r + h.r) + ((h.tail + h.tail) - hn::Set(d, half_pi.lo));
    const V y = hn::IfThenElse(small, sum, hn::Set(d, half_pi.hi) - twice);
    return hn::CopySign(y, x);
  }
};

struct Acos {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr auto half_pi = two_part<T>(pi_hi / 2, pi_lo / 2);
    constexpr auto pi = two_part<T>(pi_hi, pi_lo);
    const V magnitude = hn::Abs(x);
    const auto small = hn::Lt(magnitude, hn::Set(d, T(0.5)));
    const auto h = halve(d, magnitude, small);
    const V signed_tail = hn::CopySign(h.tail, x) - hn::Set(d, half_pi.lo);
    const V near_zero = hn::Set(d, half_pi.hi) - (x + signed_tail);
    const V tail = h.tail + h.tail;
    const V near_one = (h.r + h.r) + tail;
    const V near_minus_one = hn::Set(d, pi.hi) - ((h.r + h.r) + (tail - hn::Set(d, pi.lo)));
    const V large = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), near_minus_one, near_one);
    return hn::IfThenElse(small, near_zero, large);
  }
};

/// atan(x) = atan(c) + atan((x - c) / (1 + c x)) for the nearest c of 0, 1/2, 1, 3/2 and infinity,
/// as in fdlibm's s_atan.c.
struct Atan {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V one = hn::Set(d, T(1));
    const V magnitude = hn::Abs(x);
    V c = hn::Zero(d), base = hn::Zero(d), base_lo = hn::Zero(d);
    const auto beyond = [&](double start, double point, TwoPart<T> angle) HWY_ATTR {
      const auto reached = hn::Ge(magnitude, hn::Set(d, T(start)));
      c = hn::IfThenElse(reached, hn::Set(d, T(point)), c);
      base = hn::IfThenElse(reached, hn::Set(d, angle.hi), base);
      base_lo = hn::IfThenElse(reached, hn::Set(d, angle.lo), base_lo);
      return reached;
    };
    beyond(0.4375, 0.5, two_part<T>(0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56));
    beyond(0.6875, 1, two_part<T>(pi_hi / 4, pi_lo / 4));
    beyond(1.1875, 1.5, two_part<T>(0x1.f730bd281f69bp-1, 0x1.007887af0cbbdp-56));
    const auto large = beyond(2.4375, 0, two_part<T>(pi_hi / 2, pi_lo / 2));
    const V numerator = hn::IfThenElse(large, hn::Neg(one), magnitude - c);
    const V denominator = hn::IfThenElse(large, magnitude, hn::MulAdd(c, magnitude, one));
    const V t = numerator / denominator;
    const V z = t * t;
    const V tail = t * (z * polynomial(d, z, coefficients::atan<T>));
    return hn::CopySign(base + (t + (tail + base_lo)), x);
  }
};

void asin_f32(const float* x, float* out, std::size_t n) { map(Asin{}, out, n, x); }
void asin_f64(const double* x, double* out, std::size_t n) { map(Asin{}, out, n, x); }
void acos_f32(const float* x, float* out, std::size_t n) { map(Acos{}, out, n, x); }
void acos_f64(const double* x, double* out, std::size_t n) { map(Acos{}, out, n, x); }
void atan_f32(const float* x, float* out, std::size_t n) { map(Atan{}, out, n, x); }
void atan_f64(const double* x, double* out, std::size_t n) { map(Atan{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(asin_f32);
HWY_EXPORT(asin_f64);
HWY_EXPORT(acos_f32);
HWY_EXPORT(acos_f64);
HWY_EXPORT(atan_f32);
HWY_EXPORT(atan_f64);

void asin(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(asin_f32)(x, out, n); }
void asin(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(asin_f64)(x, out, n);
}
void acos(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(acos_f32)(x, out, n); }
void acos(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(acos_f64)(x, out, n);
}
void atan(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(atan_f32)(x, out, n); }
void atan(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(atan_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
