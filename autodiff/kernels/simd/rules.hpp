#pragma once

#include <cstddef>

/// What derivative rules are made of, see autodiff/ops/rule_ops.hpp. The promises are those of
/// autodiff/kernels/simd/elementwise.hpp.
namespace dtheta::simd {

/// w * x, and 0 where w is 0.
void weighted(const float* w, const float* x, float* out, std::size_t n);
void weighted(const double* w, const double* x, double* out, std::size_t n);
/// a / b, and 0 where a is 0.
void xdivy(const float* a, const float* b, float* out, std::size_t n);
void xdivy(const double* a, const double* b, double* out, std::size_t n);
/// g, or NaN where y is NaN and g is not 0.
void keep_nan(const float* g, const float* y, float* out, std::size_t n);
void keep_nan(const double* g, const double* y, double* out, std::size_t n);
/// c / cosh(x)^2, with full precision where tanh(x) is 1 to the last digit.
void tanh_grad(const float* c, const float* x, float* out, std::size_t n);
void tanh_grad(const double* c, const double* x, double* out, std::size_t n);

}  // namespace dtheta::simd
