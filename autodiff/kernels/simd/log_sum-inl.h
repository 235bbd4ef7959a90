// exp and log for the logarithm of a sum of exponentials of which the largest is 1: they need not
// be right for all arguments, which makes them cheaper.

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/log-inl.h"

#if defined(DTHETA_SIMD_LOG_SUM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_LOG_SUM_INL_H_
#undef DTHETA_SIMD_LOG_SUM_INL_H_
#else
#define DTHETA_SIMD_LOG_SUM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// exp(x) for x <= 0 as part of a sum that is 1 or more: what is below 2^-120 may be any such.
template <class D, class V>
HWY_INLINE V exp_of_difference(D d, V x) {
  const auto parts = reduce_exp(d, at_least(d, x, hn::TFromD<D>(-84)));
  return exp_mantissa(d, parts) * power_of_two(d, parts.k_shifted);
}

/// log(x) for 1 <= x < infinity, and NaN for NaN.
template <class D, class V>
HWY_INLINE V log_of_total(D d, V x) {
  const auto parts = split(d, x);
  const V f = parts.mantissa - hn::Set(d, hn::TFromD<D>(1));
  const V y = log_assembled(d, parts.k, f, log_parts(d, f), hn::Zero(d));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
