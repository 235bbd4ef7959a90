// Products of some size: B is copied, some registers of columns at a time, to where its rows follow
// one another, and then all rows of A go over it. A is read where it is.
#include <algorithm>

#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/packed_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/product-inl.h"
#include "autodiff/kernels/simd/turn-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

constexpr std::size_t most_registers = 3;
/// Rows of B in a panel: with all its columns it takes up 48 KB at most.
constexpr std::size_t most_depth = 256;

/// `width` registers of columns of B, row after row.
template <class D>
struct Panel {
  const hn::TFromD<D>* first;
  template <std::size_t width>
  HWY_INLINE void row(std::size_t k, hn::Vec<D> (&out)[width]) const {
    const D d;
#pragma GCC unroll 4
    for (std::size_t s = 0; s < width; ++s)
      out[s] = hn::Load(d, first + (k * width + s) * hn::Lanes(d));
  }
};

/// Copies `depth` rows of `columns` columns, `stride` apart, with zeros behind the columns.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void pack_rows(D d, const T* b, std::size_t stride, std::size_t depth,
                          std::size_t columns, std::size_t width, T* panel) {
  const std::size_t lanes = hn::Lanes(d), last = columns - (width - 1) * lanes;
  for (std::size_t k = 0; k < depth; ++k, b += stride) {
    const T* row = b;
    for (std::size_t s = 0; s + 1 < width; ++s, row += lanes, panel += lanes) {
      hn::Store(hn::LoadU(d, row), d, panel);
    }
    hn::Store(last == lanes ? hn::LoadU(d, row) : load_first(d, row, last), d, panel);
    panel += lanes;
  }
}

/// The same where a column of B is a row as it is stored. Columns behind the last one repeat it.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void pack_transposed(D d, const T* b, std::size_t stride, std::size_t depth,
                                std::size_t columns, std::size_t width, T* panel) {
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t s = 0; s < width; ++s) {
    turn_rows(d, b + s * lanes * stride, stride, columns - s * lanes, depth, panel + s * lanes,
              width * lanes);
  }
}

template <class T>
HWY_INLINE void multiply_packed_any(const Product<T>& p) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t most_rows = many_registers ? 8 : 4;
  alignas(64) T panel[most_depth * most_registers * hn::MaxLanes(d)];
  const Parts rows(p.m, most_rows), columns((p.n + lanes - 1) / lanes, most_registers);
  const Parts depths(p.k, most_depth);
  for (std::size_t c = 0; c < columns.count; ++c) {
    const std::size_t column = columns.start(c) * lanes, width = columns.size(c);
    const std::size_t wanted = std::min(width * lanes, p.n - column);
    for (std::size_t z = 0; z < depths.count; ++z) {
      const std::size_t k = depths.start(z);
      const bool first = z == 0, last = z + 1 == depths.count;
      Product<T> part = p;
      part.k = depths.size(z);
      part.a += k * p.a_column;
      if (!first) part.added = p.c, part.added_stride = p.c_stride;
      if (!last) part.rectified = false, part.gate = nullptr;
      if (p.b_transposed)
        pack_transposed(d, p.b + column * p.b_stride + k, p.b_stride, part.k, wanted, width, panel);
      else
        pack_rows(d, p.b + k * p.b_stride + column, p.b_stride, part.k, wanted, width, panel);
      with_constant<most_registers>(width, [&](auto w) HWY_ATTR {
        for (std::size_t r = 0; r < rows.count; ++r) {
          with_constant<most_rows>(rows.size(r), [&](auto n) HWY_ATTR {
            product_tile<n(), w()>(d, part, Panel<decltype(d)>{panel}, rows.start(r), column,
                                   wanted - (w() - 1) * lanes);
          });
        }
      });
    }
  }
}

void multiply_packed_f32(const Product<float>& p) { multiply_packed_any(p); }
void multiply_packed_f64(const Product<double>& p) { multiply_packed_any(p); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(multiply_packed_f32);
HWY_EXPORT(multiply_packed_f64);

void multiply_packed(const Product<float>& p) { HWY_DYNAMIC_DISPATCH(multiply_packed_f32)(p); }
void multiply_packed(const Product<double>& p) { HWY_DYNAMIC_DISPATCH(multiply_packed_f64)(p); }

}  // namespace dtheta::simd
#endif
