// Products of some size: B is copied, some registers of columns at a time, to where its rows follow
// one another, and then all rows of A go over it. A is read where it is.
#include <algorithm>

#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/packed_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/product-inl.h"
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

/// Where a part of B starts: `columns` columns of it, `depth` rows.
template <class T>
struct Source {
  const T* b;
  std::size_t stride, columns, depth;
};

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void pack_rows(D d, const Source<T>& from, std::size_t width, T* panel) {
  const std::size_t lanes = hn::Lanes(d), last = from.columns - (width - 1) * lanes;
  for (std::size_t k = 0; k < from.depth; ++k) {
    const T* row = from.b + k * from.stride;
    for (std::size_t s = 0; s + 1 < width; ++s, row += lanes, panel += lanes) {
      hn::Store(hn::LoadU(d, row), d, panel);
    }
    hn::Store(last == lanes ? hn::LoadU(d, row) : load_first(d, row, last), d, panel);
    panel += lanes;
  }
}

#if HWY_TARGET != HWY_SCALAR
/// Blocks of 16 bytes: block i from rows[i * step].
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* const* rows, std::size_t step, std::size_t k) {
  if constexpr (hn::MaxLanes(d) * sizeof(T) <= 16) {
    return hn::LoadU(d, rows[0] + k);
  } else {
    const hn::Half<D> half;
    const std::size_t blocks = hn::Lanes(half) * sizeof(T) / 16;
    return hn::Combine(d, load_blocks(half, rows + blocks * step, step, k),
                       load_blocks(half, rows, step, k));
  }
}

/// As many rows of a panel as a block has elements, from as many of those of a transposed B as a
/// register has lanes: matrices of 16 bytes by 16 bytes are turned side by side.
template <class D>
HWY_INLINE void turn_blocks(D d, const float* const* rows, std::size_t k, float* out,
                            std::size_t stride) {
  const hn::RepartitionToWide<D> d64;
  const auto a = load_blocks(d, rows, 4, k), b = load_blocks(d, rows + 1, 4, k),
             c = load_blocks(d, rows + 2, 4, k), e = load_blocks(d, rows + 3, 4, k);
  const auto ab_low = hn::BitCast(d64, hn::InterleaveLower(d, a, b)),
             ab_high = hn::BitCast(d64, hn::InterleaveUpper(d, a, b)),
             ce_low = hn::BitCast(d64, hn::InterleaveLower(d, c, e)),
             ce_high = hn::BitCast(d64, hn::InterleaveUpper(d, c, e));
  const auto store = [&](auto v, std::size_t row)
                         HWY_ATTR { hn::Store(hn::BitCast(d, v), d, out + row * stride); };
  store(hn::InterleaveLower(d64, ab_low, ce_low), 0);
  store(hn::InterleaveUpper(d64, ab_low, ce_low), 1);
  store(hn::InterleaveLower(d64, ab_high, ce_high), 2);
  store(hn::InterleaveUpper(d64, ab_high, ce_high), 3);
}
template <class D>
HWY_INLINE void turn_blocks(D d, const double* const* rows, std::size_t k, double* out,
                            std::size_t stride) {
  const auto a = load_blocks(d, rows, 2, k), b = load_blocks(d, rows + 1, 2, k);
  hn::Store(hn::InterleaveLower(d, a, b), d, out);
  hn::Store(hn::InterleaveUpper(d, a, b), d, out + stride);
}
#endif

/// The columns of B are rows as it is stored. Those behind the last one repeat it.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void pack_transposed(D d, const Source<T>& from, std::size_t width, T* panel) {
  const std::size_t lanes = hn::Lanes(d), stride = width * lanes;
  for (std::size_t s = 0; s < width; ++s, panel += lanes) {
    const T* rows[hn::MaxLanes(d)];
    for (std::size_t j = 0; j < lanes; ++j) {
      rows[j] = from.b + std::min(s * lanes + j, from.columns - 1) * from.stride;
    }
    std::size_t k = 0;
#if HWY_TARGET != HWY_SCALAR
    constexpr std::size_t block = 16 / sizeof(T);
    for (; k + block <= from.depth; k += block) {
      turn_blocks(d, rows, k, panel + k * stride, stride);
    }
#endif
    for (; k < from.depth; ++k) {
      for (std::size_t j = 0; j < lanes; ++j) panel[k * stride + j] = rows[j][k];
    }
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
      const Source<T> from{
          p.b + (p.b_transposed ? column * p.b_stride + k : k * p.b_stride + column), p.b_stride,
          wanted, part.k};
      p.b_transposed ? pack_transposed(d, from, width, panel) : pack_rows(d, from, width, panel);
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
