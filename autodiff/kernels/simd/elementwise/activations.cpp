// Sigmoid and its relatives.
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/activations.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/gates-inl.h"
#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// log(1 + e) for 0 <= e <= 1 by the series of log_parts, on an interval wide enough for all of it.
template <class D, class V>
HWY_INLINE V log1p_unit(D d, V e) {
  using T = hn::TFromD<D>;
  const V half_square = hn::Set(d, T(0.5)) * e * e;
  const V s = e / (hn::Set(d, T(2)) + e);
  const V z = s * s;
  const V sum = hn::MulAdd(z, polynomial(d, z, coefficients::log_wide<T>), half_square);
  return e - hn::NegMulAdd(s, sum, half_square);
}

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)): neither term cancels the other.
struct Softplus {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V zero = hn::Zero(d);
    const V positive = hn::IfThenElse(hn::Lt(x, zero), zero, x);
    return positive + log1p_unit(d, decay(d, x));
  }
};

struct BinaryCrossEntropy {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V z, V y) const {
    const V zero = hn::Zero(d), product = z * y;
    // No logit counts for a label of which there is nothing, though it be infinite.
    const V of_one = hn::IfThenZeroElse(hn::Eq(y, zero), hn::Neg(product));
    const V of_zero = hn::IfThenZeroElse(hn::Eq(y, hn::Set(d, 1)), z - product);
    const V linear = hn::IfThenElse(hn::Gt(z, zero), of_zero, of_one);
    return hn::IfThenElse(hn::IsNaN(z), z, linear + log1p_unit(d, decay(d, z)));
  }
};

struct LogSigmoid {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Neg(Softplus{}(d, hn::Neg(x)));
  }
};

/// x / (1 + e) for x >= 0 and x e / (1 + e) for x < 0, e < 1 being given in parts: 2^k (1 + s). The
/// power of two in the second e is the last factor, because the product may be normal although e is
/// not. `clamped` is x, or a negative number for which the result has underflown.
template <class D, class V>
HWY_INLINE V times_logistic(D d, V x, V clamped, const Reduced<V>& parts) {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, T(1));
  const V s = parts.r + exp_tail(d, parts);
  const V e = scale(d, one + s, parts.k);
  const V sum = one + e;
  // What rounding took from the sum, times about 1 / (1 + e), is made good in the numerator.
  const V lost = (e - (sum - one)) * hn::NegMulAdd(e, hn::Set(d, T(0.5)), one);
  const auto negative = hn::Lt(x, hn::Zero(d));
  const V factor = hn::IfThenElseZero(negative, s) - lost;
  const V y = hn::MulAdd(clamped, factor, clamped) / sum;
  const V scaled = hn::IfThenElse(negative, scale(d, y, parts.k), y);
  const V infinity = hn::Inf(d);
  return hn::IfThenElse(hn::Lt(x, infinity), scaled, x + infinity);
}

struct Silu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    const V clamped = at_least(d, x, exp_underflow<T>);
    const V decay = at_least(d, hn::Neg(hn::Abs(clamped)), exp_underflow<T>);
    return times_logistic(d, x, clamped, reduce_exp(d, decay));
  }
};

/// x times the logistic function of v = 2 sqrt(2/pi) (x + 0.044715 x^3). exp(-|v|) magnifies the
/// relative error of v by |v|, so v is computed with twice the digits.
struct GeluTanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    using T = hn::TFromD<D>;
    constexpr auto outer = two_part<T>(0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54);
    constexpr auto inner = two_part<T>(0x1.6e4e26d4801f7p-5, 0x1.441355475a31ap-59);
    const V one = hn::Set(d, T(1));
    constexpr T end = sizeof(T) == 4 ? T(12) : T(22);  // v is 142 and 795 there
    const V capped = at_most(d, hn::Abs(x), end);
    const auto square = exact_product(d, capped, capped);
    auto a = exact_product(d, square.hi, hn::Set(d, inner.hi));
    a.lo = a.lo + hn::MulAdd(square.lo, hn::Set(d, inner.hi), square.hi * hn::Set(d, inner.lo));
    const auto sum = exact_sum(one, a.hi);
    auto b = exact_product(d, capped, sum.hi);
    b.lo = hn::MulAdd(capped, sum.lo + a.lo, b.lo);
    auto v = exact_product(d, b.hi, hn::Set(d, outer.hi));
    v.lo = v.lo + hn::MulAdd(b.lo, hn::Set(d, outer.hi), b.hi * hn::Set(d, outer.lo));
    return times_logistic(d, x, at_least(d, x, -end), reduce_exp(d, hn::Neg(v.hi), hn::Neg(v.lo)));
  }
};

void binary_cross_entropy_f32(const float* z, const float* y, float* out, std::size_t n) {
  map(BinaryCrossEntropy{}, out, n, z, y);
}
void binary_cross_entropy_f64(const double* z, const double* y, double* out, std::size_t n) {
  map(BinaryCrossEntropy{}, out, n, z, y);
}
void sigmoid_f32(const float* x, float* out, std::size_t n) { map(Sigmoid{}, out, n, x); }
void sigmoid_f64(const double* x, double* out, std::size_t n) { map(Sigmoid{}, out, n, x); }
void log_sigmoid_f32(const float* x, float* out, std::size_t n) { map(LogSigmoid{}, out, n, x); }
void log_sigmoid_f64(const double* x, double* out, std::size_t n) { map(LogSigmoid{}, out, n, x); }
void softplus_f32(const float* x, float* out, std::size_t n) { map(Softplus{}, out, n, x); }
void softplus_f64(const double* x, double* out, std::size_t n) { map(Softplus{}, out, n, x); }
void silu_f32(const float* x, float* out, std::size_t n) { map(Silu{}, out, n, x); }
void silu_f64(const double* x, double* out, std::size_t n) { map(Silu{}, out, n, x); }
void gelu_tanh_f32(const float* x, float* out, std::size_t n) { map(GeluTanh{}, out, n, x); }
void gelu_tanh_f64(const double* x, double* out, std::size_t n) { map(GeluTanh{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(binary_cross_entropy_f32);
HWY_EXPORT(binary_cross_entropy_f64);
HWY_EXPORT(sigmoid_f32);
HWY_EXPORT(sigmoid_f64);
HWY_EXPORT(log_sigmoid_f32);
HWY_EXPORT(log_sigmoid_f64);
HWY_EXPORT(softplus_f32);
HWY_EXPORT(softplus_f64);
HWY_EXPORT(silu_f32);
HWY_EXPORT(silu_f64);
HWY_EXPORT(gelu_tanh_f32);
HWY_EXPORT(gelu_tanh_f64);

void binary_cross_entropy(const float* z, const float* y, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(binary_cross_entropy_f32)(z, y, out, n);
}
void binary_cross_entropy(const double* z, const double* y, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(binary_cross_entropy_f64)(z, y, out, n);
}
void sigmoid(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sigmoid_f32)(x, out, n);
}
void sigmoid(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sigmoid_f64)(x, out, n);
}
void log_sigmoid(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log_sigmoid_f32)(x, out, n);
}
void log_sigmoid(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(log_sigmoid_f64)(x, out, n);
}
void softplus(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softplus_f32)(x, out, n);
}
void softplus(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(softplus_f64)(x, out, n);
}
void silu(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(silu_f32)(x, out, n); }
void silu(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(silu_f64)(x, out, n);
}
void gelu_tanh(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(gelu_tanh_f32)(x, out, n);
}
void gelu_tanh(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(gelu_tanh_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
