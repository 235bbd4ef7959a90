// The error function, its complement, and GELU, which is made of the latter.
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/error_functions.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Where erfc and the functions made of it have underflown.
template <class T>
inline constexpr T erfc_end = sizeof(T) == 4 ? T(10.5) : T(28);

/// q (1 + s) 2^k, not yet multiplied because the product may underflow.
template <class V>
struct ErfcParts {
  TwoPart<V> q;
  V s, k;
};

/// P(t) for t = (z - 4) / (z + 4) = 1 - 8 w, its first step with twice the digits. One Horner
/// chain, because the two of `polynomial` would cancel each other for t > 0.
template <class D, class V>
HWY_INLINE TwoPart<V> erfcx_polynomial(D d, V w) {
  using T = hn::TFromD<D>;
  constexpr auto& c = coefficients::erfcx<T>;
  const V one = hn::Set(d, T(1));
  const V eight_w = hn::Set(d, T(8)) * w;
  const V t = one - eight_w;
  const V t_lo = (one - t) - eight_w;
  const V inner = horner<1, 1>(d, t, c);
  const auto product = exact_product(d, t, inner);
  const V first = hn::Set(d, static_cast<T>(c[0]));
  const auto sum = exact_sum(first, product.hi);
  const V c0_lo = hn::Set(d, static_cast<T>(c[0] - static_cast<double>(static_cast<T>(c[0]))));
  return {sum.hi, hn::MulAdd(t_lo, inner, sum.lo + product.lo + c0_lo)};
}

/// erfc(z + z_lo) for 0 <= z <= erfc_end, given its square.
///
/// exp(z^2) erfc(z) = P(t) / (z + 4) with t = (z - 4) / (z + 4), one polynomial for the whole
/// half-line (after M. M. Shepherd and J. G. Laframboise, Math. Comp. 36, 1981). The rounding
/// errors of z + 4 and of its reciprocal w act on P as well; near zero they count 4.5 times. They
/// are gathered, weighted by d log(P w) / d log(w), which is 1 + 56 w^2 within a quarter, and
/// folded into the exponent.
template <class D, class V>
HWY_INLINE ErfcParts<V> erfc_positive(D d, V z, V z_lo, TwoPart<V> square) {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V four = hn::Set(d, T(4));
  const V u = z + four;
  const V lost = (z - (u - four)) + z_lo;
  const V w = one / u;
  const auto product = exact_product(d, u, w);
  const V relative = hn::NegMulAdd(lost, w, (one - product.hi) - product.lo);
  const V weight = hn::MulAdd(w * w, hn::Set(d, T(56)), one);
  const auto p = erfcx_polynomial(d, w);
  const auto exponent = reduce_exp(d, hn::Neg(square.hi), relative * weight - square.lo);
  auto q = exact_product(d, w, p.hi);
  q.lo = hn::MulAdd(w, p.lo, q.lo);
  return {q, exponent.r + exp_tail(d, exponent), exponent.k};
}

struct Erfc {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V end = hn::Set(d, erfc_end<T>);
    const V magnitude = hn::Abs(x);
    const V z = hn::IfThenElse(hn::Gt(magnitude, end), end, magnitude);
    const auto e = erfc_positive(d, z, hn::Zero(d), exact_product(d, z, z));
    const V y = scale(d, e.q.hi + hn::MulAdd(e.q.hi, e.s, e.q.lo), e.k);
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, T(2)) - y, y);
  }
};

/// x + x P(x^2) up to 1, and 1 - exp(-P(|x|)) beyond.
struct Erf {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V one = hn::Set(d, T(1));
    const V end = hn::Set(d, sizeof(T) == 4 ? T(3.95) : T(5.95));  // beyond it erf is 1
    const V magnitude = hn::Abs(x);
    const V capped = hn::IfThenElse(hn::Gt(magnitude, end), end, magnitude);
    const V small = hn::MulAdd(x, polynomial(d, x * x, coefficients::erf<T>), x);
    const auto parts = reduce_exp(d, hn::Neg(polynomial(d, capped, coefficients::log_erfc<T>)));
    const V erfc = exp_mantissa(d, parts) * power_of_two(d, parts.k_shifted);
    return hn::CopySign(hn::IfThenElse(hn::Lt(magnitude, one), small, one - erfc), x);
  }
};

/// max(x, 0) - |x| erfc(|x| / sqrt(2)) / 2
struct Gelu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr auto root_half = two_part<T>(0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55);
    const V zero = hn::Zero(d);
    const V half = hn::Set(d, T(0.5));
    const V end = hn::Set(d, erfc_end<T> * T(1.4142));
    const V magnitude = hn::Abs(x);
    const V capped = hn::IfThenElse(hn::Gt(magnitude, end), end, magnitude);
    const auto z = exact_product(d, capped, hn::Set(d, root_half.hi));
    auto square = exact_product(d, capped, capped);
    square = {square.hi * half, square.lo * half};
    const V z_lo = hn::MulAdd(capped, hn::Set(d, root_half.lo), z.lo);
    const auto e = erfc_positive(d, z.hi, z_lo, square);
    const V factor = half * capped;
    auto q = exact_product(d, e.q.hi, factor);
    q.lo = hn::MulAdd(e.q.lo, factor, q.lo);
    const V lower = scale(d, q.hi + hn::MulAdd(q.hi, e.s, q.lo), e.k);
    return hn::CopySign(hn::IfThenElse(hn::Lt(x, zero), zero, x) - lower, x);
  }
};

void erf_f32(const float* x, float* out, std::size_t n) { map(Erf{}, out, n, x); }
void erf_f64(const double* x, double* out, std::size_t n) { map(Erf{}, out, n, x); }
void erfc_f32(const float* x, float* out, std::size_t n) { map(Erfc{}, out, n, x); }
void erfc_f64(const double* x, double* out, std::size_t n) { map(Erfc{}, out, n, x); }
void gelu_f32(const float* x, float* out, std::size_t n) { map(Gelu{}, out, n, x); }
void gelu_f64(const double* x, double* out, std::size_t n) { map(Gelu{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(erf_f32);
HWY_EXPORT(erf_f64);
HWY_EXPORT(erfc_f32);
HWY_EXPORT(erfc_f64);
HWY_EXPORT(gelu_f32);
HWY_EXPORT(gelu_f64);

void erf(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(erf_f32)(x, out, n); }
void erf(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(erf_f64)(x, out, n); }
void erfc(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(erfc_f32)(x, out, n); }
void erfc(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(erfc_f64)(x, out, n);
}
void gelu(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(gelu_f32)(x, out, n); }
void gelu(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(gelu_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
