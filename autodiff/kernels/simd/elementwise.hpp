#pragma once

#include <cstddef>

/// Elementwise functions and reductions of contiguous ranges of float and double.
///
/// The fastest instruction set of the machine is chosen at run time, once; a call costs one
/// indirect jump more than a loop of the same instructions. What every elementwise function here
/// promises:
///
/// - `out` may be an input (exactly, not overlapping it in part);
/// - an element's result depends on its value alone: not on its position, on n or on alignment;
/// - infinities, NaN, signed zeros and subnormals behave as in libm; subnormals are not flushed;
/// - the error is at most 3 ulp on the whole domain (docs/simd-accuracy.md has what was measured).
///
/// Results may differ in the last bits between instruction sets, with and without fused
/// multiply-add; those of arithmetic, rounding, comparison and the reductions do not.
namespace dtheta::simd {

// Arithmetic: exact or correctly rounded, except rsqrt = 1/sqrt(x), which is rounded twice.

void neg(const float* x, float* out, std::size_t n);
void neg(const double* x, double* out, std::size_t n);
void abs(const float* x, float* out, std::size_t n);
void abs(const double* x, double* out, std::size_t n);
void square(const float* x, float* out, std::size_t n);
void square(const double* x, double* out, std::size_t n);
void sqrt(const float* x, float* out, std::size_t n);
void sqrt(const double* x, double* out, std::size_t n);
void rsqrt(const float* x, float* out, std::size_t n);
void rsqrt(const double* x, double* out, std::size_t n);
void reciprocal(const float* x, float* out, std::size_t n);
void reciprocal(const double* x, double* out, std::size_t n);
void floor(const float* x, float* out, std::size_t n);
void floor(const double* x, double* out, std::size_t n);
void ceil(const float* x, float* out, std::size_t n);
void ceil(const double* x, double* out, std::size_t n);
/// x > 0 ? x : 0, and NaN for NaN.
void relu(const float* x, float* out, std::size_t n);
void relu(const double* x, double* out, std::size_t n);

void add(const float* a, const float* b, float* out, std::size_t n);
void add(const double* a, const double* b, double* out, std::size_t n);
void sub(const float* a, const float* b, float* out, std::size_t n);
void sub(const double* a, const double* b, double* out, std::size_t n);
void mul(const float* a, const float* b, float* out, std::size_t n);
void mul(const double* a, const double* b, double* out, std::size_t n);
void div(const float* a, const float* b, float* out, std::size_t n);
void div(const double* a, const double* b, double* out, std::size_t n);
/// NaN if either is NaN; maximum(-0, +0) is +0 and minimum(-0, +0) is -0, whichever comes first.
void maximum(const float* a, const float* b, float* out, std::size_t n);
void maximum(const double* a, const double* b, double* out, std::size_t n);
void minimum(const float* a, const float* b, float* out, std::size_t n);
void minimum(const double* a, const double* b, double* out, std::size_t n);
/// a > b ? 1 : 0
void greater(const float* a, const float* b, float* out, std::size_t n);
void greater(const double* a, const double* b, double* out, std::size_t n);
/// log(1 + exp(z)) - y z, the binary cross-entropy of logits z for labels y, as
/// max(z, 0) - z y + log1p(exp(-|z|)), where 0 times an infinite z is 0: off by up to 5 eps (1 +
/// |z| + |z y|), eps = 2^-53 or 2^-24.
void binary_cross_entropy(const float* z, const float* y, float* out, std::size_t n);
void binary_cross_entropy(const double* z, const double* y, double* out, std::size_t n);
/// x > 0 ? c : 0, for the adjoint c of relu(x); NaN for a NaN x unless c is 0.
void relu_grad(const float* c, const float* x, float* out, std::size_t n);
void relu_grad(const double* c, const double* x, double* out, std::size_t n);

/// cond != 0 ? a : b (a NaN condition is not zero).
void select(const float* cond, const float* a, const float* b, float* out, std::size_t n);
void select(const double* cond, const double* a, const double* b, double* out, std::size_t n);
/// a * b + c rounded after each operation: bit for bit mul, then add.
void fma_add(const float* a, const float* b, const float* c, float* out, std::size_t n);
void fma_add(const double* a, const double* b, const double* c, double* out, std::size_t n);

// Exponentials and logarithms.

void exp(const float* x, float* out, std::size_t n);
void exp(const double* x, double* out, std::size_t n);
void exp2(const float* x, float* out, std::size_t n);
void exp2(const double* x, double* out, std::size_t n);
void expm1(const float* x, float* out, std::size_t n);
void expm1(const double* x, double* out, std::size_t n);
void log(const float* x, float* out, std::size_t n);
void log(const double* x, double* out, std::size_t n);
void log1p(const float* x, float* out, std::size_t n);
void log1p(const double* x, double* out, std::size_t n);
void log2(const float* x, float* out, std::size_t n);
void log2(const double* x, double* out, std::size_t n);
void log10(const float* x, float* out, std::size_t n);
void log10(const double* x, double* out, std::size_t n);

// Activations. Accurate in the tails too, where the result underflows. At -infinity the last three
// are 0, their limit.

/// 1 / (1 + exp(-x))
void sigmoid(const float* x, float* out, std::size_t n);
void sigmoid(const double* x, double* out, std::size_t n);
/// log(sigmoid(x)) = -softplus(-x)
void log_sigmoid(const float* x, float* out, std::size_t n);
void log_sigmoid(const double* x, double* out, std::size_t n);
/// log(1 + exp(x))
void softplus(const float* x, float* out, std::size_t n);
void softplus(const double* x, double* out, std::size_t n);
/// x * sigmoid(x)
void silu(const float* x, float* out, std::size_t n);
void silu(const double* x, double* out, std::size_t n);
/// x * (1 + erf(x / sqrt(2))) / 2
void gelu(const float* x, float* out, std::size_t n);
void gelu(const double* x, double* out, std::size_t n);
/// x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2
void gelu_tanh(const float* x, float* out, std::size_t n);
void gelu_tanh(const double* x, double* out, std::size_t n);

// Hyperbolic functions and their inverses.

void tanh(const float* x, float* out, std::size_t n);
void tanh(const double* x, double* out, std::size_t n);
void sinh(const float* x, float* out, std::size_t n);
void sinh(const double* x, double* out, std::size_t n);
void cosh(const float* x, float* out, std::size_t n);
void cosh(const double* x, double* out, std::size_t n);
void asinh(const float* x, float* out, std::size_t n);
void asinh(const double* x, double* out, std::size_t n);
void acosh(const float* x, float* out, std::size_t n);
void acosh(const double* x, double* out, std::size_t n);
void atanh(const float* x, float* out, std::size_t n);
void atanh(const double* x, double* out, std::size_t n);

// Trigonometric functions and their inverses. Huge arguments of sin and cos go to libm one by one.

void sin(const float* x, float* out, std::size_t n);
void sin(const double* x, double* out, std::size_t n);
void cos(const float* x, float* out, std::size_t n);
void cos(const double* x, double* out, std::size_t n);
void asin(const float* x, float* out, std::size_t n);
void asin(const double* x, double* out, std::size_t n);
void acos(const float* x, float* out, std::size_t n);
void acos(const double* x, double* out, std::size_t n);
void atan(const float* x, float* out, std::size_t n);
void atan(const double* x, double* out, std::size_t n);

// Error functions.

void erf(const float* x, float* out, std::size_t n);
void erf(const double* x, double* out, std::size_t n);
void erfc(const float* x, float* out, std::size_t n);
void erfc(const double* x, double* out, std::size_t n);

// Reductions. Every sum has a fixed tree that depends on n only: the same bits on every instruction
// set and at every alignment, with an error bound that grows like log n.

[[nodiscard]] float sum(const float* x, std::size_t n);
[[nodiscard]] double sum(const double* x, std::size_t n);
[[nodiscard]] float sum_abs(const float* x, std::size_t n);
[[nodiscard]] double sum_abs(const double* x, std::size_t n);
[[nodiscard]] float sum_squares(const float* x, std::size_t n);
[[nodiscard]] double sum_squares(const double* x, std::size_t n);
[[nodiscard]] float dot(const float* a, const float* b, std::size_t n);
[[nodiscard]] double dot(const double* a, const double* b, std::size_t n);
/// The product, by the same tree; 1 of an empty range.
[[nodiscard]] float product(const float* x, std::size_t n);
[[nodiscard]] double product(const double* x, std::size_t n);
/// The largest element as by `maximum`; -infinity of an empty range.
[[nodiscard]] float max(const float* x, std::size_t n);
[[nodiscard]] double max(const double* x, std::size_t n);

}  // namespace dtheta::simd
