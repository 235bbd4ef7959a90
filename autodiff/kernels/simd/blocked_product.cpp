// Products that fit no cache: A and B are copied to where they are read in order. A block of k at a time,
// all tiles of A go over a panel of B, which stays in a first- or second-level cache, one after the other.
// After Goto and van de Geijn, Anatomy of high-performance matrix multiplication (2008), with A and B in
// each other's place.
#include "autodiff/kernels/simd/product.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/blocked_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/panel-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// The rows of A by a block of k, tile after tile: of each tile element k of all its rows, and then
/// element k + 1.
template <class T>
class LeftBlock {
 public:
  /// Copies those of a block of k to `room`.
  HWY_INLINE LeftBlock(const Product<T>& block, T* room)
      : depth_(block.k), tiles_(block.m, most_rows), at_(room) {
    block.a_row == 1 ? copy_columns(block.a, block.a_column) : turn_tiles(block.a, block.a_row);
  }
  [[nodiscard]] const Parts& tiles() const { return tiles_; }
  [[nodiscard]] const T* tile(std::size_t t) const { return at_ + tiles_.start(t) * depth_; }

 private:
  /// Element k of all rows lies side by side in A, too. Some of them at a time, so that what is written
  /// fills whole lines of the cache.
  HWY_INLINE void copy_columns(const T* a, std::size_t stride) {
    constexpr std::size_t at_once = 8;
    const hn::CappedTag<T, most_rows> d;
    for (std::size_t k = 0; k < depth_; k += at_once) {
      const std::size_t end = std::min(k + at_once, depth_);
      for (std::size_t t = 0; t < tiles_.count; ++t) {
        const std::size_t first = tiles_.start(t), rows = tiles_.size(t);
        const T* from = a + k * stride + first;
        T* out = at_ + first * depth_ + k * rows;
        if (rows == hn::Lanes(d)) {
          for (std::size_t i = k; i < end; ++i, from += stride, out += rows) {
            hn::StoreU(hn::LoadU(d, from), d, out);
          }
        } else {
          for (std::size_t i = k; i < end; ++i, from += stride) out = std::copy_n(from, rows, out);
        }
      }
    }
  }
  HWY_INLINE void turn_tiles(const T* a, std::size_t stride) {
    const hn::CappedTag<T, most_rows> d;
    for (std::size_t t = 0; t < tiles_.count; ++t) {
      const std::size_t first = tiles_.start(t), rows = tiles_.size(t);
      T* const out = at_ + first * depth_;
      if constexpr (hn::MaxLanes(d) >= most_rows) {
        // What is written behind the last row is written over by the next element.
        turn_rows(d, a + first * stride, stride, rows, depth_, out, rows);
      } else {
        for (std::size_t k = 0; k < depth_; ++k) {
          for (std::size_t r = 0; r < rows; ++r) out[k * rows + r] = a[(first + r) * stride + k];
        }
      }
    }
  }

  std::size_t depth_;
  Parts tiles_;
  T* at_;
};

/// The rows of C from `row` on. A stays where it is.
template <class T>
HWY_INLINE Product<T> rows_from(Product<T> p, std::size_t row) {
  p.c += row * p.c_stride;
  if (p.added != nullptr) p.added += row * p.added_stride;
  if (p.gate != nullptr) p.gate += row * p.gate_stride;
  return p;
}

/// A tile of C, of which p has the rows. Not inlined, as the compiler keeps all accumulators in registers
/// only where it sees nothing else. What the tile adds to is on its way while it is summed.
template <std::size_t rows, std::size_t width, class T>
HWY_NOINLINE void multiply_tile(const Product<T>& p, const T* panel, const PanelColumns& columns) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const T* c = p.c + columns.column;
  for (std::size_t r = 0; r < rows; ++r, c += p.c_stride) {
    for (std::size_t s = 0; s < width; ++s) hwy::Prefetch(c + s * lanes);
  }
  product_tile<rows, width>(d, p, Panel<decltype(d)>{panel}, 0, columns.column,
                            columns.count - (width - 1) * lanes);
}

/// The part of C in the columns of a panel.
template <class T>
HWY_INLINE void multiply_panel(const Product<T>& block, const LeftBlock<T>& left,
                               const PanelColumns& columns, const T* panel) {
  for (std::size_t t = 0; t < left.tiles().count; ++t) {
    with_constant<most_rows>(left.tiles().size(t), [&](auto rows) HWY_ATTR {
      Product<T> tile = rows_from(block, left.tiles().start(t));
      tile.a = left.tile(t), tile.a_row = 1, tile.a_column = rows();
      with_constant<most_registers>(columns.width, [&](auto width) HWY_ATTR {
        multiply_tile<rows(), width()>(tile, panel, columns);
      });
    });
  }
}

/// Panels of the columns [first, end), `room` elements apart. Some rows of B go to all of them before the
/// next ones do: so a row is read some lines at a time.
template <class T>
HWY_INLINE void pack_panels(const Product<T>& p, const Parts& columns, std::size_t first,
                            std::size_t end, std::size_t k, std::size_t depth, T* panels,
                            std::size_t room) {
  constexpr std::size_t rows_at_once = 16;
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const std::size_t step = p.b_transposed ? depth : rows_at_once;  // columns are long rows there
  for (std::size_t from = 0; from < depth; from += step) {
    for (std::size_t c = first; c < end; ++c) {
      const PanelColumns own = panel_columns(p, columns, c);
      pack_panel(p, own, k + from, std::min(step, depth - from),
                 panels + (c - first) * room + from * own.width * lanes);
    }
  }
}

/// Of at most `left_rows` rows.
template <class T>
HWY_INLINE void multiply_rows(const Product<T>& p, T* work) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const Parts columns((p.n + lanes - 1) / lanes, most_registers), depths(p.k, block_depth<T>);
  const std::size_t room = block_depth<T> * most_registers * lanes;
  for (std::size_t z = 0; z < depths.count; ++z) {
    const Product<T> block = block_of(p, depths.start(z), depths.size(z));
    const LeftBlock<T> left(block, work + panels_at_once * room);
    for (std::size_t first = 0; first < columns.count; first += panels_at_once) {
      const std::size_t end = std::min(first + panels_at_once, columns.count);
      pack_panels(p, columns, first, end, depths.start(z), block.k, work, room);
      for (std::size_t c = first; c < end; ++c) {
        multiply_panel(block, left, panel_columns(p, columns, c), work + (c - first) * room);
      }
    }
  }
}

template <class T>
HWY_INLINE void multiply_blocked_any(const Product<T>& p, T* work) {
  for (std::size_t row = 0; row < p.m; row += left_rows) {
    Product<T> part = rows_from(p, row);
    part.m = std::min(left_rows, p.m - row);
    part.a += row * p.a_row;
    multiply_rows(part, work);
  }
}

void multiply_blocked_f32(const Product<float>& p, float* work) { multiply_blocked_any(p, work); }
void multiply_blocked_f64(const Product<double>& p, double* work) { multiply_blocked_any(p, work); }
bool blocks_suit_here() { return HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3; }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(multiply_blocked_f32);
HWY_EXPORT(multiply_blocked_f64);
HWY_EXPORT(blocks_suit_here);

void multiply_blocked(const Product<float>& p, float* work) {
  HWY_DYNAMIC_DISPATCH(multiply_blocked_f32)(p, work);
}
void multiply_blocked(const Product<double>& p, double* work) {
  HWY_DYNAMIC_DISPATCH(multiply_blocked_f64)(p, work);
}
bool blocks_suit() { return HWY_DYNAMIC_DISPATCH(blocks_suit_here)(); }

}  // namespace dtheta::simd
#endif
