// Reductions of whole ranges, see fold-inl.h for their tree.
#include <limits>

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/reductions.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/fold-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

float sum_f32(const float* x, std::size_t n) { return fold(Plus{}, Value{}, 0.0f, n, x); }
double sum_f64(const double* x, std::size_t n) { return fold(Plus{}, Value{}, 0.0, n, x); }
float sum_abs_f32(const float* x, std::size_t n) { return fold(Plus{}, Magnitude{}, 0.0f, n, x); }
double sum_abs_f64(const double* x, std::size_t n) { return fold(Plus{}, Magnitude{}, 0.0, n, x); }
float sum_squares_f32(const float* x, std::size_t n) { return fold(Plus{}, Squared{}, 0.0f, n, x); }
double sum_squares_f64(const double* x, std::size_t n) {
  return fold(Plus{}, Squared{}, 0.0, n, x);
}
float dot_f32(const float* a, const float* b, std::size_t n) {
  return fold(Plus{}, Product{}, 0.0f, n, a, b);
}
double dot_f64(const double* a, const double* b, std::size_t n) {
  return fold(Plus{}, Product{}, 0.0, n, a, b);
}
float product_f32(const float* x, std::size_t n) { return fold(Times{}, Value{}, 1.0f, n, x); }
double product_f64(const double* x, std::size_t n) { return fold(Times{}, Value{}, 1.0, n, x); }
float max_f32(const float* x, std::size_t n) {
  return fold(Larger{}, Value{}, -std::numeric_limits<float>::infinity(), n, x);
}
double max_f64(const double* x, std::size_t n) {
  return fold(Larger{}, Value{}, -std::numeric_limits<double>::infinity(), n, x);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(sum_f32);
HWY_EXPORT(sum_f64);
HWY_EXPORT(sum_abs_f32);
HWY_EXPORT(sum_abs_f64);
HWY_EXPORT(sum_squares_f32);
HWY_EXPORT(sum_squares_f64);
HWY_EXPORT(dot_f32);
HWY_EXPORT(dot_f64);
HWY_EXPORT(product_f32);
HWY_EXPORT(product_f64);
HWY_EXPORT(max_f32);
HWY_EXPORT(max_f64);

float sum(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_f32)(x, n); }
double sum(const double* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_f64)(x, n); }
float sum_abs(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_abs_f32)(x, n); }
double sum_abs(const double* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(sum_abs_f64)(x, n); }
float sum_squares(const float* x, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(sum_squares_f32)(x, n);
}
double sum_squares(const double* x, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(sum_squares_f64)(x, n);
}
float dot(const float* a, const float* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot_f32)(a, b, n);
}
double dot(const double* a, const double* b, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(dot_f64)(a, b, n);
}
float product(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(product_f32)(x, n); }
double product(const double* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(product_f64)(x, n); }
float max(const float* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(max_f32)(x, n); }
double max(const double* x, std::size_t n) { return HWY_DYNAMIC_DISPATCH(max_f64)(x, n); }

}  // namespace dtheta::simd
#endif
