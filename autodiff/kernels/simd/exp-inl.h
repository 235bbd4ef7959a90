// The exponential in parts, from which exp, expm1, the activations and erfc are put together.
//
// The reduction is that of Cody and Waite (Software Manual for the Elementary Functions, 1980, ch.
// 6): x = k ln 2 + r with ln 2 in two parts, the first so short that k times it is exact.

#include "autodiff/kernels/simd/coefficients.hpp"
#include "autodiff/kernels/simd/numeric-inl.h"

#if defined(DTHETA_SIMD_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_EXP_INL_H_
#undef DTHETA_SIMD_EXP_INL_H_
#else
#define DTHETA_SIMD_EXP_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// ln 2 in two parts: k times the first is exact for every exponent k.
template <class T>
inline constexpr T ln2_high = sizeof(T) == 4 ? T(0x1.62ep-1) : T(0x1.62e42feep-1);
template <class T>
inline constexpr T ln2_low = sizeof(T) == 4 ? T(0x1.0bfbe8e7bcd5ep-15) : T(0x1.a39ef35793c76p-33);

/// 2^k = half * rest for any k in [-2 max_exponent, 2 max_exponent].
template <class V>
struct Power {
  V half, rest;
};

template <class D, class V>
HWY_INLINE Power<V> split_power(D d, V k) {
  const V shift = hn::Set(d, integer_shift<hn::TFromD<D>>);
  const V half = hn::MulAdd(k, hn::Set(d, hn::TFromD<D>(0.5)), shift);
  const V rest = k - (half - shift) + shift;
  return {power_of_two(d, half), power_of_two(d, rest)};
}

/// x * 2^k, rounded once where it is subnormal.
template <class D, class V>
HWY_INLINE V scale(D d, V x, V k) {
#if HWY_TARGET == HWY_AVX3
  // One instruction there, which Highway does not name.
  if constexpr (sizeof(V) == 64) {
    if constexpr (sizeof(hn::TFromD<D>) == 4)
      return V{_mm512_scalef_ps(x.raw, k.raw)};
    else
      return V{_mm512_scalef_pd(x.raw, k.raw)};
  }
#endif
  const auto power = split_power(d, k);
  return x * power.half * power.rest;
}

/// exp(x) = 2^k * exp(r + c) with |r| <= ln(2)/2 and c what rounding took from r.
template <class V>
struct Reduced {
  V k, k_shifted, r, c;
};

template <class D, class V>
HWY_INLINE Reduced<V> reduce_exp(D d, V x) {
  using T = hn::TFromD<D>;
  const V shift = hn::Set(d, integer_shift<T>);
  const V shifted = hn::MulAdd(x, hn::Set(d, T(1.4426950408889634074)), shift);
  const V k = shifted - shift;
  const V hi = hn::NegMulAdd(k, hn::Set(d, ln2_high<T>), x);
  const V lo = k * hn::Set(d, ln2_low<T>);
  const V r = hi - lo;
  return {k, shifted, r, hi - r - lo};
}

/// The same for hi + lo, with lo small against 1 but not against its own rounding errors.
template <class D, class V>
HWY_INLINE Reduced<V> reduce_exp(D d, V hi, V lo) {
  auto x = reduce_exp(d, hi);
  lo = lo + x.c;
  const V r = x.r + lo;
  x.c = lo - (r - x.r);
  x.r = r;
  return x;
}

/// exp(r + c) - 1 - r, small against 1.
template <class D, class V>
HWY_INLINE V exp_tail(D d, const Reduced<V>& x) {
  return hn::MulAdd(x.r * x.r, polynomial(d, x.r, coefficients::exp<hn::TFromD<D>>), x.c);
}

/// exp(r + c), in [0.7, 1.5].
template <class D, class V>
HWY_INLINE V exp_mantissa(D d, const Reduced<V>& x) {
  return hn::Set(d, 1) + (x.r + exp_tail(d, x));
}

/// Where exp is 0 and where it is infinite. The former is lower than it had to be: processors take
/// a hundred cycles for a product that underflows narrowly, and none for one that is nowhere near.
template <class T>
inline constexpr T exp_underflow = sizeof(T) == 4 ? T(-130) : T(-930);
template <class T>
inline constexpr T exp_overflow = sizeof(T) == 4 ? T(89) : T(710);

template <class D, class V>
HWY_INLINE V exp_of(D d, V x) {
  using T = hn::TFromD<D>;
  const auto parts = reduce_exp(d, clamp(d, x, exp_underflow<T>, exp_overflow<T>));
  return scale(d, exp_mantissa(d, parts), parts.k);
}

/// exp - 1 for reduced arguments with 2^k finite: 2^k (1 + r + tail) - 1, where the sum of the two
/// large terms 2^k - 1 and 2^k r carries its rounding error along. Zero loses its sign.
template <class D, class V>
HWY_INLINE V expm1_reduced(D d, const Reduced<V>& x) {
  const V power = power_of_two(d, x.k_shifted);
  const V large = power - hn::Set(d, 1);
  const V small = power * x.r;
  const V sum = large + small;
  const V error = small - (sum - large);
  return sum + hn::MulAdd(power, exp_tail(d, x), error);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
