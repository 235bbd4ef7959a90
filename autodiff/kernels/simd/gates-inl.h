// Sigmoid and tanh: functions of their own, and the gates of recurrent networks.

#include "autodiff/kernels/simd/exp-inl.h"

#if defined(DTHETA_SIMD_GATES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_GATES_INL_H_
#undef DTHETA_SIMD_GATES_INL_H_
#else
#define DTHETA_SIMD_GATES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// exp(-|x|), in [0, 1].
template <class D, class V>
HWY_INLINE V decay(D d, V x) {
  using T = hn::TFromD<D>;
  const auto parts = reduce_exp(d, at_least(d, hn::Neg(hn::Abs(x)), exp_underflow<T>));
  return scale(d, exp_mantissa(d, parts), parts.k);
}

struct Sigmoid {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, hn::TFromD<D>(1));
    const V e = decay(d, x);
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one) / (one + e);
  }
};

/// E / (E + 2) with E = expm1(2 |x|), which is 1 to the last bit where the argument is cut off.
struct Tanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr T end = T(0.75) * std::numeric_limits<T>::digits;
    const V twice = hn::Abs(x) + hn::Abs(x);
    const V e = expm1_reduced(d, reduce_exp(d, at_most(d, twice, end)));
    return hn::CopySign(e / (e + hn::Set(d, T(2))), x);
  }
};

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
