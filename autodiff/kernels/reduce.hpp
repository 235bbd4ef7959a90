#pragma once

#include <algorithm>

#include "autodiff/axes.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// Sum of n contiguous elements by halves, so that the error grows with log n.
template <Scalar T>
T sum_run(const T* x, Index n) {
  if constexpr (Vectorized<T>) {
    return simd::sum(x, static_cast<std::size_t>(n));
  } else {
    if (n <= 16) {
      T s(0);
      for (Index i = 0; i < n; ++i) s += x[i];
      return s;
    }
    return sum_run(x, n / 2) + sum_run(x + n / 2, n - n / 2);
  }
}

/// The largest of n > 0 contiguous elements; NaN if there is one.
template <RealScalar T>
T max_run(const T* x, Index n) {
  if constexpr (Vectorized<T>) {
    return simd::max(x, static_cast<std::size_t>(n));
  } else {
    T m = x[0];
    for (Index i = 1; i < n; ++i) m = x[i] > m || x[i] != x[i] ? x[i] : m;
    return m;
  }
}

/// The largest of n > 0 elements `step` apart, or 0 where that is not finite: what exponentials are
/// shifted by.
template <RealScalar T>
T exponential_shift(const T* x, Index n, Index step) {
  T m = x[0];
  for (Index i = 1; i < n; ++i) m = x[i * step] > m ? x[i * step] : m;
  return m - m == T(0) ? m : T(0);
}

/// Sums rows of `inner` elements: out[j] = sum over i of x[i * stride + j]. Blocks of rows are
/// summed into `block` (inner elements) first, so that the error grows with n / 32, not n.
template <Scalar T>
void sum_rows(const T* x, Index n, Index inner, Index stride, T* out, T* block) {
  if constexpr (Vectorized<T>) {
    simd::sum_rows(x, static_cast<std::size_t>(n), static_cast<std::size_t>(inner),
                   static_cast<std::size_t>(stride), out);
  } else {
    constexpr auto block_rows = static_cast<Index>(simd::summed_at_once);
    std::fill_n(out, inner, T(0));
    for (Index start = 0; start < n; start += block_rows) {
      const Index stop = std::min(n, start + block_rows);
      std::copy_n(x + start * stride, inner, block);
      for (Index i = start + 1; i < stop; ++i) {
        for (Index j = 0; j < inner; ++j) block[j] += x[i * stride + j];
      }
      for (Index j = 0; j < inner; ++j) out[j] += block[j];
    }
  }
}

}  // namespace dtheta::detail
