#pragma once

#include <cstddef>

/// Softmax of rows, for float and double. Each of the `rows` rows has n elements and stands behind
/// the one before. A row's result depends on that row alone. Sums have the tree of
/// kernels/simd/reductions.cpp.
namespace dtheta::simd {

/// exp(x - max x) / sum of the same. A row with NaN or +infinity becomes NaN.
void softmax(const float* x, float* out, std::size_t rows, std::size_t n);
void softmax(const double* x, double* out, std::size_t rows, std::size_t n);

/// x - max x - log(sum of exp(x - max x))
void log_softmax(const float* x, float* out, std::size_t rows, std::size_t n);
void log_softmax(const double* x, double* out, std::size_t rows, std::size_t n);

/// y (c - sum of y c), for the adjoint c of y = softmax(x).
void softmax_grad(const float* c, const float* y, float* out, std::size_t rows, std::size_t n);
void softmax_grad(const double* c, const double* y, double* out, std::size_t rows, std::size_t n);

}  // namespace dtheta::simd
