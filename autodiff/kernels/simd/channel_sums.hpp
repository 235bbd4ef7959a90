#pragma once

#include <cstddef>

/// Sums over the elements of channels, for float and double: the same bits on every instruction set.
/// Each of `channels` channels has n elements and stands behind the one before. What there is in the
/// results is added to.
namespace dtheta::simd {

/// sums[k] += sum(x)
void add_channel_sums(const float* x, float* sums, std::size_t channels, std::size_t n);
void add_channel_sums(const double* x, double* sums, std::size_t channels, std::size_t n);

/// sums[k] += sum((x - about[k])^2)
void add_channel_squares(const float* x, const float* about, float* sums, std::size_t channels,
                         std::size_t n);
void add_channel_squares(const double* x, const double* about, double* sums, std::size_t channels,
                         std::size_t n);

/// sums[k] += sum(c), and behind them sums[channels + k] += sum(c (x - about[k]))
void add_channel_products(const float* c, const float* x, const float* about, float* sums,
                          std::size_t channels, std::size_t n);
void add_channel_products(const double* c, const double* x, const double* about, double* sums,
                          std::size_t channels, std::size_t n);

/// out[i] = (x[i] - m[i]) s[i] + b[i]: what is done to the elements of channels behind their sums, once m, s
/// and b stand beside each.
void centered_affine(const float* x, const float* m, const float* s, const float* b, float* out,
                     std::size_t n);
void centered_affine(const double* x, const double* m, const double* s, const double* b,
                     double* out, std::size_t n);

}  // namespace dtheta::simd
