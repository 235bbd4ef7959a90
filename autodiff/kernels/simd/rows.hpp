#pragma once

#include <cstddef>

/// Work on many short rows of a matrix at once: copies of rows, sums with an outer product, and
/// reductions that take one row in each lane, because a row of a few elements would leave a vector
/// register half empty.
namespace dtheta::simd {

/// Rows up to this length may be handed to the functions below.
inline constexpr std::size_t short_row = 64;

/// Copies `rows` rows of `length` elements to `out`, one behind the other. Row r starts at
/// from + r * stride; if `repeats`, it is its first element again and again.
void load_rows(const float* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
               bool repeats, float* out);
void load_rows(const double* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
               bool repeats, double* out);

/// out = base + u v^T for a (m, n) matrix: what is added is rounded first, as on every instruction
/// set.
void add_outer(const float* base, const float* u, const float* v, std::size_t m, std::size_t n,
               float* out);
void add_outer(const double* base, const double* u, const double* v, std::size_t m, std::size_t n,
               double* out);

/// out[j] = the sum over i < n of x[i * stride + j], j < length: blocks of so many rows are summed
/// in order, and then the blocks. With `base`, which may be `out`, out = base + factor times that.
/// The same bits on every instruction set.
inline constexpr std::size_t summed_at_once = 32;
void sum_rows(const float* x, std::size_t n, std::size_t length, std::size_t stride, float* out,
              const float* base = nullptr, float factor = 1);
void sum_rows(const double* x, std::size_t n, std::size_t length, std::size_t stride, double* out,
              const double* base = nullptr, double factor = 1);

/// For each of `rows` contiguous rows x of `length` elements, 0 < length <= short_row:
/// top = max(x) and log_total = log(sum over j of exp(x[j] - top)), so that top + log_total is the
/// logarithm of the sum of the exponentials. The sum runs along the row in order. Where x has a NaN
/// or its top is infinite, log_total is NaN and top anything.
void log_sum_exp_rows(const float* x, std::size_t rows, std::size_t length, float* top,
                      float* log_total);
void log_sum_exp_rows(const double* x, std::size_t rows, std::size_t length, double* top,
                      double* log_total);

}  // namespace dtheta::simd
