// Arithmetic, comparison and selection of two or three operands, correctly rounded.
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/elementwise/arithmetic.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

struct Add {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return a + b;
  }
};

struct Sub {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return a - b;
  }
};

struct Mul {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return a * b;
  }
};

struct Div {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return a / b;
  }
};

struct Maximum {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return maximum_of(a, b);
  }
};

struct Minimum {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return minimum_of(a, b);
  }
};

struct Greater {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return hn::IfThenElseZero(hn::Gt(a, b), hn::Set(d, 1));
  }
};

struct ReluGrad {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V c, V x) const {
    const V zero = hn::Zero(d);
    const V none = hn::IfThenElseZero(hn::And(hn::IsNaN(x), hn::Ne(c, zero)), x);
    return hn::IfThenElse(hn::Gt(x, zero), c, none);
  }
};

struct Select {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V cond, V a, V b) const {
    return hn::IfThenElse(hn::Eq(cond, hn::Zero(d)), b, a);
  }
};

struct FmaAdd {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b, V c) const {
    return a * b + c;  // two roundings: the library is built without contraction
  }
};

void add_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Add{}, out, n, a, b);
}
void add_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Add{}, out, n, a, b);
}
void sub_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Sub{}, out, n, a, b);
}
void sub_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Sub{}, out, n, a, b);
}
void mul_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Mul{}, out, n, a, b);
}
void mul_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Mul{}, out, n, a, b);
}
void div_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Div{}, out, n, a, b);
}
void div_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Div{}, out, n, a, b);
}
void maximum_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Maximum{}, out, n, a, b);
}
void maximum_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Maximum{}, out, n, a, b);
}
void minimum_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Minimum{}, out, n, a, b);
}
void minimum_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Minimum{}, out, n, a, b);
}
void greater_f32(const float* a, const float* b, float* out, std::size_t n) {
  map(Greater{}, out, n, a, b);
}
void greater_f64(const double* a, const double* b, double* out, std::size_t n) {
  map(Greater{}, out, n, a, b);
}
void relu_grad_f32(const float* c, const float* x, float* out, std::size_t n) {
  map(ReluGrad{}, out, n, c, x);
}
void relu_grad_f64(const double* c, const double* x, double* out, std::size_t n) {
  map(ReluGrad{}, out, n, c, x);
}
void select_f32(const float* cond, const float* a, const float* b, float* out, std::size_t n) {
  map(Select{}, out, n, cond, a, b);
}
void select_f64(const double* cond, const double* a, const double* b, double* out, std::size_t n) {
  map(Select{}, out, n, cond, a, b);
}
void fma_add_f32(const float* a, const float* b, const float* c, float* out, std::size_t n) {
  map(FmaAdd{}, out, n, a, b, c);
}
void fma_add_f64(const double* a, const double* b, const double* c, double* out, std::size_t n) {
  map(FmaAdd{}, out, n, a, b, c);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(add_f32);
HWY_EXPORT(add_f64);
HWY_EXPORT(sub_f32);
HWY_EXPORT(sub_f64);
HWY_EXPORT(mul_f32);
HWY_EXPORT(mul_f64);
HWY_EXPORT(div_f32);
HWY_EXPORT(div_f64);
HWY_EXPORT(maximum_f32);
HWY_EXPORT(maximum_f64);
HWY_EXPORT(minimum_f32);
HWY_EXPORT(minimum_f64);
HWY_EXPORT(greater_f32);
HWY_EXPORT(greater_f64);
HWY_EXPORT(relu_grad_f32);
HWY_EXPORT(relu_grad_f64);
HWY_EXPORT(select_f32);
HWY_EXPORT(select_f64);
HWY_EXPORT(fma_add_f32);
HWY_EXPORT(fma_add_f64);

void add(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(add_f32)(a, b, out, n);
}
void add(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(add_f64)(a, b, out, n);
}
void sub(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sub_f32)(a, b, out, n);
}
void sub(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(sub_f64)(a, b, out, n);
}
void mul(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(mul_f32)(a, b, out, n);
}
void mul(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(mul_f64)(a, b, out, n);
}
void div(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(div_f32)(a, b, out, n);
}
void div(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(div_f64)(a, b, out, n);
}
void maximum(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(maximum_f32)(a, b, out, n);
}
void maximum(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(maximum_f64)(a, b, out, n);
}
void minimum(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(minimum_f32)(a, b, out, n);
}
void minimum(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(minimum_f64)(a, b, out, n);
}
void greater(const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(greater_f32)(a, b, out, n);
}
void greater(const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(greater_f64)(a, b, out, n);
}
void relu_grad(const float* c, const float* x, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(relu_grad_f32)(c, x, out, n);
}
void relu_grad(const double* c, const double* x, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(relu_grad_f64)(c, x, out, n);
}
void select(const float* cond, const float* a, const float* b, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(select_f32)(cond, a, b, out, n);
}
void select(const double* cond, const double* a, const double* b, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(select_f64)(cond, a, b, out, n);
}
void fma_add(const float* a, const float* b, const float* c, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(fma_add_f32)(a, b, c, out, n);
}
void fma_add(const double* a, const double* b, const double* c, double* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(fma_add_f64)(a, b, c, out, n);
}

}  // namespace dtheta::simd
#endif
