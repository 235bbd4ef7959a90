// Panels of B: some registers of columns, copied to where their rows follow one another.

#include <cstddef>

#include "autodiff/kernels/simd/product-inl.h"
#include "autodiff/kernels/simd/turn-inl.h"

#if defined(DTHETA_SIMD_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_PANEL_INL_H_
#undef DTHETA_SIMD_PANEL_INL_H_
#else
#define DTHETA_SIMD_PANEL_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

inline constexpr std::size_t most_registers = 3;                  // of a panel
inline constexpr std::size_t most_rows = many_registers ? 8 : 4;  // of a tile that goes over it

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

/// Registers of columns of a product, as they are taken together.
struct PanelColumns {
  std::size_t column, width;  // the first one; registers
  std::size_t count;          // columns: the last register may have fewer than it holds
};
template <class T>
HWY_INLINE PanelColumns panel_columns(const Product<T>& p, const Parts& columns,
                                      std::size_t which) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const std::size_t column = columns.start(which) * lanes, width = columns.size(which);
  return {column, width, width * lanes < p.n - column ? width * lanes : p.n - column};
}

/// Rows [k, k + depth) of these columns of B.
template <class T>
HWY_INLINE void pack_panel(const Product<T>& p, const PanelColumns& c, std::size_t k,
                           std::size_t depth, T* panel) {
  const hn::ScalableTag<T> d;
  if (p.b_transposed) {
    pack_transposed(d, p.b + c.column * p.b_stride + k, p.b_stride, depth, c.count, c.width, panel);
  } else {
    pack_rows(d, p.b + k * p.b_stride + c.column, p.b_stride, depth, c.count, c.width, panel);
  }
}

/// The block of k from `k` of a product: it is added to what those before it have made, and finished
/// with the last one.
template <class T>
HWY_INLINE Product<T> block_of(const Product<T>& p, std::size_t k, std::size_t depth) {
  Product<T> block = p;
  block.k = depth;
  block.a += k * p.a_column;
  if (k > 0) block.added = p.c, block.added_stride = p.c_stride;
  if (k + depth < p.k) block.rectified = false, block.gate = nullptr;
  return block;
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
