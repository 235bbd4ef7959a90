// A tile of accumulators, some rows by some registers of columns; A and B are read where they are.
#include "autodiff/kernels/simd/product.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/tile-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// `rows` rows and `width` registers of columns, of which the last one has `last` columns.
template <std::size_t rows, std::size_t width, class T>
HWY_INLINE void product_tile(const Product<T>& p, std::size_t row, std::size_t column,
                             std::size_t last) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  const bool whole = last == lanes;
  V sum[rows][width];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) sum[r][s] = hn::Zero(d);
  }
  const T* a[rows];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) a[r] = p.a + (row + r) * p.a_stride;
  const T* b = p.b + column;
  for (std::size_t k = 0; k < p.k; ++k, b += p.b_stride) {
    V right[width];
#pragma GCC unroll 16
    for (std::size_t s = 0; s + 1 < width; ++s) right[s] = hn::LoadU(d, b + s * lanes);
    const T* end = b + (width - 1) * lanes;
    right[width - 1] = whole ? hn::LoadU(d, end) : load_first(d, end, last);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < rows; ++r) {
      const V left = hn::Set(d, a[r][k]);
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s) sum[r][s] = hn::MulAdd(left, right[s], sum[r][s]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < rows; ++r) {
    T* c = p.c + (row + r) * p.c_stride + column;
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s, c += lanes) {
      if (s + 1 < width || whole)
        hn::StoreU(hn::LoadU(d, c) + sum[r][s], d, c);
      else
        store_first(d, load_first(d, c, last) + sum[r][s], c, last);
    }
  }
}

template <class T>
HWY_INLINE void add_product_any(const Product<T>& p) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), registers = (p.n + lanes - 1) / lanes;
  constexpr std::size_t most_rows = many_registers ? 8 : 4, most_columns = 3;
  const Parts rows(p.m, most_rows), columns(registers, most_columns);
  for (std::size_t c = 0; c < columns.count; ++c) {
    const std::size_t column = columns.start(c) * lanes;
    with_constant<most_columns>(columns.size(c), [&](auto width) HWY_ATTR {
      const std::size_t last = std::min(lanes, p.n - column - (width() - 1) * lanes);
      for (std::size_t r = 0; r < rows.count; ++r) {
        with_constant<most_rows>(rows.size(r), [&](auto n) HWY_ATTR {
          product_tile<n(), width()>(p, rows.start(r), column, last);
        });
      }
    });
  }
}

void add_product_f32(const Product<float>& p) { add_product_any(p); }
void add_product_f64(const Product<double>& p) { add_product_any(p); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(add_product_f32);
HWY_EXPORT(add_product_f64);

void add_product(const Product<float>& p) { HWY_DYNAMIC_DISPATCH(add_product_f32)(p); }
void add_product(const Product<double>& p) { HWY_DYNAMIC_DISPATCH(add_product_f64)(p); }

}  // namespace dtheta::simd
#endif
