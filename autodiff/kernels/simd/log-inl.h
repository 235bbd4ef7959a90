// The logarithm in parts, from which log, log1p, softplus and the inverse hyperbolic functions are
// put together.
//
// The method is that of fdlibm's e_log.c and s_log1p.c (K. C. Ng, 1993): x = 2^k (1 + f) with 1 + f
// between sqrt(1/2) and sqrt(2), s = f / (2 + f), and
//   log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))),
// whose error is below 1 ulp even without fused multiply-add.

#include "autodiff/kernels/simd/exp-inl.h"

#if defined(DTHETA_SIMD_LOG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_LOG_INL_H_
#undef DTHETA_SIMD_LOG_INL_H_
#else
#define DTHETA_SIMD_LOG_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// x = 2^k * mantissa, sqrt(1/2) <= mantissa < sqrt(2), for positive normal x.
template <class V>
struct Split {
  V k, mantissa;
};

template <class D, class V>
HWY_INLINE Split<V> split(D d, V x) {
  using T = hn::TFromD<D>;
  using Limits = std::numeric_limits<T>;
  constexpr int width = Limits::digits - 1;
  const hn::RebindToUnsigned<D> du;
  using U = hn::TFromD<decltype(du)>;
  constexpr U one = U(Limits::max_exponent - 1) << width;
  constexpr U root_half = sizeof(T) == 4 ? U(0x3f3504f3) : U(0x3fe6a09e667f3bcc);
  constexpr T to_integer = T(U(1) << width);  // its low bits count in ones
  const auto raised = hn::BitCast(du, x) + hn::Set(du, one - root_half);
  const auto exponent =
      hn::Or(hn::ShiftRight<width>(raised), hn::BitCast(du, hn::Set(d, to_integer)));
  const auto mantissa = hn::And(raised, hn::Set(du, (U(1) << width) - 1)) + hn::Set(du, root_half);
  return {hn::BitCast(d, exponent) - hn::Set(d, to_integer + T(Limits::max_exponent - 1)),
          hn::BitCast(d, mantissa)};
}

/// The same for any positive x.
template <class D, class V>
HWY_INLINE Split<V> split_any(D d, V x) {
  using T = hn::TFromD<D>;
  using Limits = std::numeric_limits<T>;
  const auto subnormal = hn::Lt(x, hn::Set(d, Limits::min()));
  const V up = hn::Set(d, 2 / Limits::epsilon());  // 2^digits
  auto parts = split(d, hn::IfThenElse(subnormal, x * up, x));
  parts.k = parts.k - hn::IfThenElseZero(subnormal, hn::Set(d, T(Limits::digits)));
  return parts;
}

/// log(1 + f) = f - (half_square - s_times_sum) for sqrt(1/2) <= 1 + f <= sqrt(2).
template <class V>
struct LogParts {
  V half_square, s, s_times_sum;
};

template <class D, class V>
HWY_INLINE LogParts<V> log_parts(D d, V f) {
  using T = hn::TFromD<D>;
  const V half_square = hn::Set(d, T(0.5)) * f * f;
  const V s = f / (hn::Set(d, 2) + f);
  const V z = s * s;
  return {half_square, s, s * (half_square + z * polynomial(d, z, coefficients::log<T>))};
}

/// k ln 2 + log(1 + f), plus a correction that is small against the result.
template <class D, class V>
HWY_INLINE V log_assembled(D d, V k, V f, const LogParts<V>& p, V correction) {
  using T = hn::TFromD<D>;
  const V low = hn::MulAdd(k, hn::Set(d, ln2_low<T>), correction);
  return hn::MulAdd(k, hn::Set(d, ln2_high<T>), f - (p.half_square - (p.s_times_sum + low)));
}

/// y where 0 < x < infinity, else the logarithm of 0, infinity, a negative number or NaN.
template <class D, class V>
HWY_INLINE V with_log_limits(D d, V x, V y) {
  const V zero = hn::Zero(d);
  const V infinity = hn::Inf(d);
  const V at_zero = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), hn::NaN(d));
  y = hn::IfThenElse(hn::Gt(x, zero), y, at_zero);
  return hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
}

/// log(1 + x) for -1 < x < infinity. Zero loses its sign.
template <class D, class V>
HWY_INLINE V log1p_finite(D d, V x) {
  using T = hn::TFromD<D>;
  using Limits = std::numeric_limits<T>;
  const V one = hn::Set(d, 1);
  // What rounding takes from 1 + x vanishes for large x, where it also could not be scaled.
  const auto [u, lost] = exact_sum(one, x);
  const auto parts = split(d, u);
  const V down = power_of_two(d, hn::Set(d, integer_shift<T>) - parts.k);
  const V c = hn::IfThenElseZero(hn::Lt(u, hn::Set(d, 2 / Limits::epsilon())), lost * down);
  // Without an exponent x itself is f, exactly.
  const auto direct = hn::Eq(parts.k, hn::Zero(d));
  const V f = hn::IfThenElse(direct, x, parts.mantissa - one);
  const auto p = log_parts(d, f);
  // The derivative 1/(1 + f) = (1 - s)/(1 + s), to the few digits that matter.
  const V slope = hn::MulAdd(p.s + p.s, p.s - one, one);
  return log_assembled(d, parts.k, f, p, hn::IfThenZeroElse(direct, c * slope));
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
