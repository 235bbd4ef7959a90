// Small products: A and B are read where they are.
#include "autodiff/kernels/simd/product.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/product-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Reads registers of columns of B, the last of which has `last` columns and then anything.
template <class D, bool transposed>
class Columns {
  using T = hn::TFromD<D>;

 public:
  HWY_INLINE Columns(const Product<T>& p, std::size_t column, std::size_t last)
      : first_(p.b + column * (transposed ? p.b_stride : 1)),
        stride_(p.b_stride),
        last_(last),
        whole_(last == hn::Lanes(D())) {
    if constexpr (transposed) {
      const hn::RebindToSigned<D> di;
      using I = hn::TFromD<decltype(di)>;
      const auto lane = hn::Min(hn::Iota(di, 0), hn::Set(di, static_cast<I>(last - 1)));
      places_ = lane * hn::Set(di, static_cast<I>(stride_));
    }
  }
  template <std::size_t width>
  HWY_INLINE void row(std::size_t p, hn::Vec<D> (&out)[width]) const {
    const D d;
    if constexpr (transposed) {
      static_assert(width == 1);
      out[0] = hn::GatherIndex(d, first_ + p, places_);
    } else {
      const T* from = first_ + p * stride_;
#pragma GCC unroll 16
      for (std::size_t s = 0; s + 1 < width; ++s, from += hn::Lanes(d)) out[s] = hn::LoadU(d, from);
      out[width - 1] = whole_ ? hn::LoadU(d, from) : load_first(d, from, last_);
    }
  }

 private:
  const T* first_;
  std::size_t stride_, last_;
  bool whole_;
  hn::Vec<hn::RebindToSigned<D>> places_;  // of the columns, if transposed
};

template <std::size_t most_rows, std::size_t most_columns, bool transposed, class D,
          class T = hn::TFromD<D>>
HWY_INLINE void multiply_tiled(D d, const Product<T>& p) {
  const std::size_t lanes = hn::Lanes(d), registers = (p.n + lanes - 1) / lanes;
  const Parts columns(registers, most_columns);
  for (std::size_t c = 0; c < columns.count; ++c) {
    const std::size_t column = columns.start(c) * lanes;
    with_constant<most_columns>(columns.size(c), [&](auto width) HWY_ATTR {
      const std::size_t last = std::min(lanes, p.n - column - (width() - 1) * lanes);
      const Columns<D, transposed> b(p, column, last);
      constexpr std::size_t most = tile_rows<most_rows, width()>;
      const Parts rows(p.m, most);
      for (std::size_t r = 0; r < rows.count; ++r) {
        with_constant<most>(rows.size(r), [&](auto n) HWY_ATTR {
          product_tile<n(), width()>(d, p, b, rows.start(r), column, last);
        });
      }
    });
  }
}

/// In the shortest registers that hold a row of C, up to the longest there are: gathering the
/// columns of a transposed B costs by the lane.
template <bool transposed, class T>
HWY_INLINE void multiply_any(const Product<T>& p) {
  constexpr std::size_t shortest = 16 / sizeof(T), few_rows = 4;
  if (p.n <= shortest)
    return multiply_tiled<few_rows, 1, transposed>(hn::CappedTag<T, shortest>(), p);
  if (p.n <= 2 * shortest)
    return multiply_tiled<few_rows, 1, transposed>(hn::CappedTag<T, 2 * shortest>(), p);
  const hn::ScalableTag<T> d;
  if constexpr (transposed)
    multiply_tiled<few_rows, 1, true>(d, p);
  else
    multiply_tiled<many_registers ? 12 : 4, many_registers ? 4 : 3, false>(d, p);
}

void multiply_f32(const Product<float>& p) {
  p.b_transposed ? multiply_any<true>(p) : multiply_any<false>(p);
}
void multiply_f64(const Product<double>& p) {
  p.b_transposed ? multiply_any<true>(p) : multiply_any<false>(p);
}

/// Measured on Zen 4 and on Zen 3: with few registers a tile uses less of each line that it reads.
LongestRows longest_rows_here() {
  constexpr std::size_t any = std::size_t{1} << 40;
  return many_registers ? LongestRows{256, 256, any} : LongestRows{192, 64, 448};
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(multiply_f32);
HWY_EXPORT(multiply_f64);
HWY_EXPORT(longest_rows_here);

void multiply(const Product<float>& p) { HWY_DYNAMIC_DISPATCH(multiply_f32)(p); }
void multiply(const Product<double>& p) { HWY_DYNAMIC_DISPATCH(multiply_f64)(p); }

LongestRows longest_rows() { return HWY_DYNAMIC_DISPATCH(longest_rows_here)(); }

}  // namespace dtheta::simd
#endif
