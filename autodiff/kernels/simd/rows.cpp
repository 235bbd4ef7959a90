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

/// Adds the sum of up to `summed_at_once` rows of `width` registers to `total`. The last register has
/// `last` columns.
template <std::size_t width, class T>
HWY_INLINE void add_rows(const T* row, std::size_t rows, std::size_t stride, std::size_t last,
                         T* total) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](std::size_t s) HWY_ATTR {
    const bool whole = s + 1 < width || last == lanes;
    return whole ? hn::LoadU(d, row + s * lanes) : load_first(d, row + s * lanes, last);
  };
  hn::Vec<decltype(d)> block[width];
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) block[s] = load(s);
  for (std::size_t i = 1; i < rows; ++i) {
    row += stride;
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) block[s] = block[s] + load(s);
  }
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) {
    hn::Store(hn::Load(d, total + s * lanes) + block[s], d, total + s * lanes);
  }
}

/// Of up to `most` columns. A block of rows after the other, so that memory is read as much in order
/// as so many columns allow, and several registers side by side, so that cache lines are read whole.
template <std::size_t most, class T>
HWY_INLINE void some_column_sums(const T* x, std::size_t n, std::size_t columns, std::size_t stride,
                                 T* out, const T* base, T factor) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t most_registers = many_registers ? 8 : 4;
  const Parts parts((columns + lanes - 1) / lanes, most_registers);
  alignas(64) T total[most];
  for (std::size_t j = 0; j < columns; j += lanes) hn::Store(hn::Zero(d), d, total + j);
  for (std::size_t start = 0; start < n; start += summed_at_once, x += summed_at_once * stride) {
    const std::size_t rows = n - start < summed_at_once ? n - start : summed_at_once;
    for (std::size_t i = 0; i < parts.count; ++i) {
      const std::size_t j = parts.start(i) * lanes;
      with_constant<most_registers>(parts.size(i), [&](auto width) HWY_ATTR {
        const std::size_t rest = columns - j - (width() - 1) * lanes;
        add_rows<width()>(x + j, rows, stride, rest < lanes ? rest : lanes, total + j);
      });
    }
  }
  for (std::size_t j = 0; j < columns; j += lanes) {
    const std::size_t count = columns - j < lanes ? columns - j : lanes;
    auto result = hn::Load(d, total + j);
    if (base != nullptr) result = load_first(d, base + j, count) + hn::Set(d, factor) * result;
    store_first(d, result, out + j, count);
  }
}

template <class T>
HWY_INLINE void column_sums(const T* x, std::size_t n, std::size_t length, std::size_t stride,
                            T* out, const T* base, T factor) {
  constexpr std::size_t most = 4096 / sizeof(T);  // a page of each row
  for (std::size_t j = 0; j < length; j += most) {
    some_column_sums<most>(x + j, n, length - j < most ? length - j : most, stride, out + j,
                           base == nullptr ? nullptr : base + j, factor);
  }
}

void sum_rows_f32(const float* x, std::size_t n, std::size_t length, std::size_t stride, float* out,
                  const float* base, float factor) {
  column_sums(x, n, length, stride, out, base, factor);
}
void sum_rows_f64(const double* x, std::size_t n, std::size_t length, std::size_t stride,
                  double* out, const double* base, double factor) {
  column_sums(x, n, length, stride, out, base, factor);
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

void sum_rows(const float* x, std::size_t n, std::size_t length, std::size_t stride, float* out,
              const float* base, float factor) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f32)(x, n, length, stride, out, base, factor);
}
void sum_rows(const double* x, std::size_t n, std::size_t length, std::size_t stride, double* out,
              const double* base, double factor) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f64)(x, n, length, stride, out, base, factor);
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
