// Signs, roots, rounding and relu: exact or correctly rounded, but for rsqrt.
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/unary_arithmetic.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

struct Neg {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Xor(x, hn::SignBit(d));
  }
};

struct Abs {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Abs(x);
  }
};

struct Square {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return x * x;
  }
};

struct Sqrt {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Sqrt(x);
  }
};

struct Rsqrt {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Set(d, 1) / hn::Sqrt(x);
  }
};

struct Reciprocal {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Set(d, 1) / x;
  }
};

/// The sign is copied because a zero result keeps the sign of x, which emulated rounding forgets.
struct Floor {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::CopySign(hn::Floor(x), x);
  }
};

struct Ceil {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::CopySign(hn::Ceil(x), x);
  }
};

struct Relu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V zero = hn::Zero(d);
    return hn::IfThenElse(hn::Le(x, zero), zero, x);  // a comparison with NaN is false
  }
};

void neg_f32(const float* x, float* out, std::size_t n) { map(Neg{}, out, n, x); }
void neg_f64(const double* x, double* out, std::size_t n) { map(Neg{}, out, n, x); }
void abs_f32(const float* x, float* out, std::size_t n) { map(Abs{}, out, n, x); }
void abs_f64(const double* x, double* out, std::size_t n) { map(Abs{}, out, n, x); }
void square_f32(const float* x, float* out, std::size_t n) { map(Square{}, out, n, x); }
void square_f64(const double* x, double* out, std::size_t n) { map(Square{}, out, n, x); }
void sqrt_f32(const float* x, float* out, std::size_t n) { map(Sqrt{}, out, n, x); }
void sqrt_f64(const double* x, double* out, std::size_t n) { map(Sqrt{}, out, n, x); }
void rsqrt_f32(const float* x, float* out, std::size_t n) { map(Rsqrt{}, out, n, x); }
void rsqrt_f64(const double* x, double* out, std::size_t n) { map(Rsqrt{}, out, n, x); }
void reciprocal_f32(const float* x, float* out, std::size_t n) { map(Reciprocal{}, out, n, x); }
void reciprocal_f64(const double* x, double* out, std::size_t n) { map(Reciprocal{}, out, n, x); }
void floor_f32(const float* x, float* out, std::size_t n) { map(Floor{}, out, n, x); }
void floor_f64(const double* x, double* out, std::size_t n) { map(Floor{}, out, n, x); }
void ceil_f32(const float* x, float* out, std::size_t n) { map(Ceil{}, out, n, x); }
void ceil_f64(const double* x, double* out, std::size_t n) { map(Ceil{}, out, n, x); }
void relu_f32(const float* x, float* out, std::size_t n) { map(Relu{}, out, n, x); }
void relu_f64(const double* x, double* out, std::size_t n) { map(Relu{}, out, n, x); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(neg_f32);
HWY_EXPORT(neg_f64);
HWY_EXPORT(abs_f32);
HWY_EXPORT(abs_f64);
HWY_EXPORT(square_f32);
HWY_EXPORT(square_f64);
HWY_EXPORT(sqrt_f32);
HWY_EXPORT(sqrt_f64);
HWY_EXPORT(rsqrt_f32);
HWY_EXPORT(rsqrt_f64);
HWY_EXPORT(reciprocal_f32);
HWY_EXPORT(reciprocal_f64);
HWY_EXPORT(floor_f32);
HWY_EXPORT(floor_f64);
HWY_EXPORT(ceil_f32);
HWY_EXPORT(ceil_f64);
HWY_EXPORT(relu_f32);
HWY_EXPORT(relu_f64);

void neg(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(neg_f32)(x, out, n); }
void neg(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(neg_f64)(x, out, n); }
void abs(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(abs_f32)(x, out, n); }
void abs(const double* x, double* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(abs_f64)(x, out, n); }
void square(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(square_f32)(x, out, n);
}
void square(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(square_f64)(x, out, n);
}
void sqrt(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(sqrt_f32)(x, out, n); }
void sqrt(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sqrt_f64)(x, out, n);
}
void rsqrt(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(rsqrt_f32)(x, out, n);
}
void rsqrt(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(rsqrt_f64)(x, out, n);
}
void reciprocal(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(reciprocal_f32)(x, out, n);
}
void reciprocal(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(reciprocal_f64)(x, out, n);
}
void floor(const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(floor_f32)(x, out, n);
}
void floor(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(floor_f64)(x, out, n);
}
void ceil(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(ceil_f32)(x, out, n); }
void ceil(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(ceil_f64)(x, out, n);
}
void relu(const float* x, float* out, std::size_t n) { HWY_DYNAMIC_DISPATCH(relu_f32)(x, out, n); }
void relu(const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(relu_f64)(x, out, n);
}

}  // namespace dtheta::simd
#endif
