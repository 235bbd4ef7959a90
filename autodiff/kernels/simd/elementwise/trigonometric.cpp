// Sine and cosine.
#include <cmath>
#include <type_traits>

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/trigonometric.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/coefficients.hpp"
#include "autodiff/kernels/simd/numeric-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Arguments beyond this are left to libm, which takes as many digits of pi as they need.
inline constexpr double reducible = 0x1p20;

/// x = k pi/2 + r + c with |r| <= pi/4. The low bits of k + integer_shift name the quadrant.
template <class V>
struct Angle {
  V k_shifted, r, c;
};

/// Cody and Waite's reduction with pi/2 in parts of which k times all but the last is exact, as in
/// fdlibm's e_rem_pio2.c. For double there are 151 bits of pi/2, enough for the number closest to a
/// multiple of it; for float 86 are.
template <class A, class D, class V>
HWY_INLINE Angle<V> reduce_angle(D d, V x) {
  const V shift = hn::Set(d, integer_shift<double>);
  const V shifted = hn::MulAdd(x, hn::Set(d, 0x1.45f306dc9c883p-1), shift);
  const V k = shifted - shift;
  const V first = hn::NegMulAdd(k, hn::Set(d, 0x1.921fb544p+0), x);
  if constexpr (sizeof(A) == 4) {
    return {shifted, hn::NegMulAdd(k, hn::Set(d, 0x1.0b4611a626331p-34), first), hn::Zero(d)};
  } else {
    const auto second = exact_sum(first, k * hn::Set(d, -0x1.0b4611a6p-34));
    const auto third = exact_sum(second.hi, k * hn::Set(d, -0x1.3198a2ep-69));
    const V rest = hn::NegMulAdd(k, hn::Set(d, 0x1.b839a252049c1p-104), second.lo + third.lo);
    const V r = third.hi + rest;
    return {shifted, r, (third.hi - r) + rest};
  }
}

/// sin(r + c) and cos(r + c) with the corrections of fdlibm's k_sin.c and k_cos.c.
template <class A, class D, class V>
HWY_INLINE V sin_near_zero(D d, V r, V c) {
  const V z = r * r;
  const V cube = polynomial(d, z, coefficients::sin<A>) * z;
  return r + hn::MulAdd(cube, r, hn::NegMulAdd(z * hn::Set(d, 0.5), c, c));
}

template <class A, class D, class V>
HWY_INLINE V cos_near_zero(D d, V r, V c) {
  const V one = hn::Set(d, 1.0);
  const V z = r * r;
  const V half = hn::Set(d, 0.5) * z;
  const V w = one - half;
  const V tail = hn::NegMulAdd(r, c, z * z * polynomial(d, z, coefficients::cos<A>));
  return w + (((one - w) - half) + tail);
}

/// sin(x + quarter_turns * pi/2) to the accuracy that A needs.
template <class A, int quarter_turns, class D, class V>
HWY_INLINE V sine(D d, V x) {
  const hn::RebindToUnsigned<D> bits;
  const auto angle = reduce_angle<A>(d, x);
  const auto quadrant = hn::BitCast(bits, angle.k_shifted) + hn::Set(bits, quarter_turns);
  const auto odd = hn::MaskFromVec(
      hn::BitCast(d, hn::VecFromMask(bits, hn::TestBit(quadrant, hn::Set(bits, 1)))));
  const V y = hn::IfThenElse(odd, cos_near_zero<A>(d, angle.r, angle.c),
                             sin_near_zero<A>(d, angle.r, angle.c));
  // Bit 1 of the quadrant is the sign.
  const auto sign = hn::ShiftLeft<62>(hn::And(quadrant, hn::Set(bits, 2)));
  return hn::Xor(y, hn::BitCast(d, sign));
}

template <class A>
struct SinCore {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, sine<A, 0>(d, x));
  }
  template <class T>
  static T libm(T x) {
    return std::sin(x);
  }
};

template <class A>
struct CosCore {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return sine<A, 1>(d, x);
  }
  template <class T>
  static T libm(T x) {
    return std::cos(x);
  }
};

/// y with those lanes replaced whose x is out of reach, each by itself.
template <class Core, class D, class V>
HWY_NOINLINE void replace_large(D d, const V* x, V* y) {
  using T = hn::TFromD<D>;
  T from[hn::MaxLanes(D{})];
  T to[hn::MaxLanes(D{})];
  hn::StoreU(*x, d, from);
  hn::StoreU(*y, d, to);
  for (std::size_t i = 0; i < hn::MaxLanes(D{}); ++i) {
    if (std::abs(from[i]) > T(reducible)) to[i] = Core::libm(from[i]);
  }
  *y = hn::LoadU(d, to);
}

/// The float functions run in double, with less pi and shorter polynomials.
template <template <class> class Core>
struct Trigonometric {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    using Loop = std::conditional_t<sizeof(T) == 4, ThroughDouble<Core<float>>, Core<double>>;
    V y = Loop{}(d, x);
    if (HWY_UNLIKELY(!hn::AllFalse(d, hn::Gt(hn::Abs(x), hn::Set(d, T(reducible)))))) {
      replace_large<Core<T>>(d, &x, &y);
    }
    return y;
  }
};

void sin_f32(const float* x, float* out, std::size_t n) {
  map(Trigonometric<SinCore>{}, out, n, x);
}
void sin_f64(const double* x, double* out, std::size_t n) {
  map(Trigonometric<SinCore>{}, out, n, x);
}
void cos_f32(const float* x, float* out, std::size_t n) {
  map(Trigonometric<CosCore>{}, out, n, x);
}
void cos_f64(const double* x, double* out, std::size_t n) {
  map(Trigonometric<CosCore>{}, out, n, x);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(sin_f32);
HWY_EXPORT(sin_f64);
HWY_EXPORT(cos_f32);
HWY_EXPORT(cos_f64);

void sin(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(sin_f32)(x, out, n); }
void sin(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(sin_f64)(x, out, n); }
void cos(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(cos_f32)(x, out, n); }
void cos(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(cos_f64)(x, out, n); }

}  // namespace dtheta::simd
#endif
