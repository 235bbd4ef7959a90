// Copies of short rows, and reductions with one row in each lane: rows of a few elements would
// leave a register half empty.
#include "autodiff/kernels/simd/rows.hpp"

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/rows.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/log_sum-inl.h"
#include "autodiff/kernels/simd/map-inl.h"
#include "autodiff/kernels/simd/tile-inl.h"
#include "autodiff/kernels/simd/turn-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

template <class T>
HWY_INLINE void log_sum_exp(const T* x, std::size_t rows, std::size_t length, T* top,
                            T* log_total) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  alignas(64) T columns[short_row * hn::MaxLanes(d)];
  for (std::size_t row = 0; row < rows; row += lanes) {
    const std::size_t count = rows - row < lanes ? rows - row : lanes;
    turn_rows(d, x + row * length, length, count, length, columns, lanes);
    auto largest = hn::Load(d, columns);
    for (std::size_t j = 1; j < length; ++j) {
      // May lose a NaN, which the sum does not.
      largest = hn::Max(hn::Load(d, columns + j * lanes), largest);
    }
    auto total = exp_of_difference(d, hn::Load(d, columns) - largest);
    for (std::size_t j = 1; j < length; ++j) {
      total = total + exp_of_difference(d, hn::Load(d, columns + j * lanes) - largest);
    }
    const auto logarithm = log_of_total(d, total);
    if (count == lanes) {
      hn::StoreU(largest, d, top + row);
      hn::StoreU(logarithm, d, log_total + row);
    } else {
      store_first(d, largest, top + row, count);
      store_first(d, logarithm, log_total + row, count);
    }
  }
}

template <class T>
HWY_INLINE void load(const T* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
                     bool repeats, T* out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t r = 0; r < rows; ++r, from += stride, out += length) {
    const auto all = hn::Set(d, *from);
    std::size_t j = 0;
    for (; j + lanes <= length; j += lanes) {
      hn::StoreU(repeats ? all : hn::LoadU(d, from + j), d, out + j);
    }
    if (j == length) continue;
    store_first(d, repeats ? all : load_first(d, from + j, length - j), out + j, length - j);
  }
}

void load_f32(const float* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
              bool repeats, float* out) {
  load(from, stride, rows, length, repeats, out);
}
void load_f64(const double* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
              bool repeats, double* out) {
  load(from, stride, rows, length, repeats, out);
}

template <class T>
HWY_INLINE void outer_added(const T* base, const T* u, const T* v, std::size_t m, std::size_t n,
                            T* out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < m; ++i, base += n, out += n) {
    const auto factor = hn::Set(d, u[i]);
    std::size_t j = 0;
    for (; j + lanes <= n; j += lanes) {
      hn::StoreU(hn::LoadU(d, base + j) + factor * hn::LoadU(d, v + j), d, out + j);
    }
    if (j == n) continue;
    const auto last = load_first(d, base + j, n - j) + factor * load_first(d, v + j, n - j);
    store_first(d, last, out + j, n - j);
  }
}

void add_outer_f32(const float* base, const float* u, const float* v, std::size_t m, std::size_t n,
                   float* out) {
  outer_added(base, u, v, m, n, out);
}
void add_outer_f64(const double* base, const double* u, const double* v, std::size_t m,
                   std::size_t n, double* out) {
  outer_added(base, u, v, m, n, out);
}

/// `width` registers of columns, of which the last one has `last` columns.
template <std::size_t width, class T>
HWY_INLINE void sum_columns(const T* x, std::size_t n, std::size_t length, std::size_t last, T* out,
                            const T* base, T factor) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](const T* row, std::size_t s) HWY_ATTR {
    const bool whole = s + 1 < width || last == lanes;
    return whole ? hn::LoadU(d, row + s * lanes) : load_first(d, row + s * lanes, last);
  };
  hn::Vec<decltype(d)> total[width], block[width];
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) total[s] = hn::Zero(d);
  for (std::size_t start = 0; start < n; start += summed_at_once) {
    const T* row = x + start * length;
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) block[s] = load(row, s);
    const std::size_t rows = n - start < summed_at_once ? n - start : summed_at_once;
    for (std::size_t i = 1; i < rows; ++i) {
      row += length;
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s) block[s] = block[s] + load(row, s);
    }
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) total[s] = total[s] + block[s];
  }
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) {
    const auto result = base == nullptr ? total[s] : load(base, s) + hn::Set(d, factor) * total[s];
    if (s + 1 < width || last == lanes)
      hn::StoreU(result, d, out + s * lanes);
    else
      store_first(d, result, out + s * lanes, last);
  }
}

/// Several registers side by side, so that whole cache lines of a row are read together.
template <class T>
HWY_INLINE void column_sums(const T* x, std::size_t n, std::size_t length, T* out, const T* base,
                            T factor) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>()),
                    registers = (length + lanes - 1) / lanes;
  constexpr std::size_t most = many_registers ? 8 : 4;
  const Parts parts(registers, most);
  for (std::size_t i = 0; i < parts.count; ++i) {
    const std::size_t column = parts.start(i) * lanes;
    with_constant<most>(parts.size(i), [&](auto width) HWY_ATTR {
      const std::size_t rest = length - column - (width() - 1) * lanes;
      sum_columns<width()>(x + column, n, length, rest < lanes ? rest : lanes, out + column,
                           base == nullptr ? nullptr : base + column, factor);
    });
  }
}

void sum_rows_f32(const float* x, std::size_t n, std::size_t length, float* out, const float* base,
                  float factor) {
  column_sums(x, n, length, out, base, factor);
}
void sum_rows_f64(const double* x, std::size_t n, std::size_t length, double* out,
                  const double* base, double factor) {
  column_sums(x, n, length, out, base, factor);
}

void log_sum_exp_f32(const float* x, std::size_t rows, std::size_t length, float* top,
                     float* log_total) {
  log_sum_exp(x, rows, length, top, log_total);
}
void log_sum_exp_f64(const double* x, std::size_t rows, std::size_t length, double* top,
                     double* log_total) {
  log_sum_exp(x, rows, length, top, log_total);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(load_f32);
HWY_EXPORT(load_f64);
HWY_EXPORT(add_outer_f32);
HWY_EXPORT(add_outer_f64);
HWY_EXPORT(sum_rows_f32);
HWY_EXPORT(sum_rows_f64);
HWY_EXPORT(log_sum_exp_f32);
HWY_EXPORT(log_sum_exp_f64);

void load_rows(const float* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
               bool repeats, float* out) {
  HWY_DYNAMIC_DISPATCH(load_f32)(from, stride, rows, length, repeats, out);
}
void load_rows(const double* from, std::ptrdiff_t stride, std::size_t rows, std::size_t length,
               bool repeats, double* out) {
  HWY_DYNAMIC_DISPATCH(load_f64)(from, stride, rows, length, repeats, out);
}

void add_outer(const float* base, const float* u, const float* v, std::size_t m, std::size_t n,
               float* out) {
  HWY_DYNAMIC_DISPATCH(add_outer_f32)(base, u, v, m, n, out);
}
void add_outer(const double* base, const double* u, const double* v, std::size_t m, std::size_t n,
               double* out) {
  HWY_DYNAMIC_DISPATCH(add_outer_f64)(base, u, v, m, n, out);
}

void sum_rows(const float* x, std::size_t n, std::size_t length, float* out, const float* base,
              float factor) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f32)(x, n, length, out, base, factor);
}
void sum_rows(const double* x, std::size_t n, std::size_t length, double* out, const double* base,
              double factor) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f64)(x, n, length, out, base, factor);
}

void log_sum_exp_rows(const float* x, std::size_t rows, std::size_t length, float* top,
                      float* log_total) {
  HWY_DYNAMIC_DISPATCH(log_sum_exp_f32)(x, rows, length, top, log_total);
}
void log_sum_exp_rows(const double* x, std::size_t rows, std::size_t length, double* top,
                      double* log_total) {
  HWY_DYNAMIC_DISPATCH(log_sum_exp_f64)(x, rows, length, top, log_total);
}

}  // namespace dtheta::simd
#endif
