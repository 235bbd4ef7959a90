// What derivative rules are made of.
#include "autodiff/kernels/simd/rules.hpp"

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/rules.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/exp-inl.h"
#include "autodiff/kernels/simd/gates-inl.h"
#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

struct Weighted {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V w, V x) const {
    return hn::IfThenZeroElse(hn::Eq(w, hn::Zero(d)), w * x);
  }
};

struct XDivY {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return hn::IfThenZeroElse(hn::Eq(a, hn::Zero(d)), a / b);
  }
};

struct KeepNan {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V y) const {
    return hn::IfThenElse(hn::And(hn::IsNaN(y), hn::Ne(g, hn::Zero(d))), y, g);
  }
};

/// c 4 e / (1 + e)^2 with e = exp(-2 |x|).
struct TanhGrad {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V c, V x) const {
    using T = hn::TFromD<D>;
    const V e = decay(d, x + x), denominator = hn::Set(d, T(1)) + e;
    const V slope = hn::Set(d, T(4)) * (e / denominator) / denominator;
    const V zero = hn::Zero(d);
    return hn::IfThenZeroElse(hn::Or(hn::Eq(c, zero), hn::Eq(slope, zero)), c * slope);
  }
};

void weighted_f32(const float* w, const float* x, float* out, std::size_t n) {
  map(Weighted{}, out, n, w, x);
}
void weighted_f64(const double* w, const double* x, double* out, std::size_t n) {
  map(Weighted{}, out, n, w, x);
}
void xdivy_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(XDivY{}, out, n, a, b);
}
void xdivy_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(XDivY{}, out, n, a, b);
}
void keep_nan_f32(const float* g, const float* y, float* out, std::size_t n) {
  map(KeepNan{}, out, n, g, y);
}
void keep_nan_f64(const double* g, const double* y, double* out, std::size_t n) {
  map(KeepNan{}, out, n, g, y);
}
void tanh_grad_f32(const float* c, const float* x, float* out, std::size_t n) {
  map(TanhGrad{}, out, n, c, x);
}
void tanh_grad_f64(const double* c, const double* x, double* out, std::size_t n) {
  map(TanhGrad{}, out, n, c, x);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(weighted_f32);
HWY_EXPORT(weighted_f64);
HWY_EXPORT(xdivy_f32);
HWY_EXPORT(xdivy_f64);
HWY_EXPORT(keep_nan_f32);
HWY_EXPORT(keep_nan_f64);
HWY_EXPORT(tanh_grad_f32);
HWY_EXPORT(tanh_grad_f64);

void weighted(const float* w, const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(weighted_f32)(w, x, out, n);
}
void weighted(const double* w, const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(weighted_f64)(w, x, out, n);
}
void xdivy(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(xdivy_f32)(a, b, out, n);
}
void xdivy(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(xdivy_f64)(a, b, out, n);
}
void keep_nan(const float* g, const float* y, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(keep_nan_f32)(g, y, out, n);
}
void keep_nan(const double* g, const double* y, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(keep_nan_f64)(g, y, out, n);
}
void tanh_grad(const float* c, const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(tanh_grad_f32)(c, x, out, n);
}
void tanh_grad(const double* c, const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(tanh_grad_f64)(c, x, out, n);
}

}  // namespace dtheta::simd
#endif
