#pragma once

#include <cstddef>

/// Rows brought to mean 0 and variance 1, for float and double: the same bits on every instruction
/// set. Each of the `rows` rows has n elements and stands behind the one before.
namespace dtheta::simd {

/// What is taken for a row's mean and variance.
struct RowStatistics {
  bool centered = true;  // otherwise 0 and the mean square
  double epsilon = 0;    // added to the variance
};

/// (x - mean) / sqrt(variance + epsilon)
void standardize(const RowStatistics& s, const float* x, float* out, std::size_t rows,
                 std::size_t n);
void standardize(const RowStatistics& s, const double* x, double* out, std::size_t rows,
                 std::size_t n);

/// Its adjoint at x for the cotangent c:  r (c - mean(c) - y mean(c y)) with r = 1 / sqrt(variance
/// + epsilon) and y the standardized x; without mean(c) when it is not centred.
void standardize_grad(const RowStatistics& s, const float* c, const float* x, float* out,
                      std::size_t rows, std::size_t n);
void standardize_grad(const RowStatistics& s, const double* c, const double* x, double* out,
                      std::size_t rows, std::size_t n);

}  // namespace dtheta::simd
