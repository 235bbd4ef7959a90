// Products that fit no cache: blocks of A and B are copied to where they are read in order. A block of k
// at a time, a block of rows of A stays in the second-level cache while all panels of B go over it.
// After Goto and van de Geijn, Anatomy of high-performance matrix multiplication (2008).
#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/blocked_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/panel-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Some rows of A by a block of k, tile after tile: of each tile element k of all its rows, and then
/// element k + 1.
template <class T>
class LeftBlock {
 public:
  /// Copies `rows` rows from `first` of a block of k to `room`.
  HWY_INLINE LeftBlock(const Product<T>& block, std::size_t first, std::size_t rows, T* room)
      : depth_(block.k), tiles_(rows, most_rows), at_(room) {
    const T* a = block.a + first * block.a_row;
    block.a_row == 1 ? copy_columns(a, block.a_column) : turn_tiles(a, block.a_row);
  }
  [[nodiscard]] const Parts& tiles() const { return tiles_; }
  [[nodiscard]] const T* tile(std::size_t t) const { return at_ + tiles_.start(t) * depth_; }

 private:
  /// Element k of all rows lies side by side in A, too.
  HWY_INLINE void copy_columns(const T* a, std::size_t stride) {
    std::size_t start[left_rows / most_rows + 1];
    for (std::size_t t = 0; t <= tiles_.count; ++t) start[t] = tiles_.start(t);
    for (std::size_t k = 0; k < depth_; ++k, a += stride) {
      for (std::size_t t = 0; t < tiles_.count; ++t) {
        const std::size_t rows = start[t + 1] - start[t];
        T* const out = at_ + start[t] * depth_ + k * rows;
        for (std::size_t r = 0; r < rows; ++r) out[r] = a[start[t] + r];
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

/// The part of C in the rows of `left`, from `row`, and the columns of a panel.
template <class T>
HWY_INLINE void multiply_panel(const Product<T>& block, const LeftBlock<T>& left, std::size_t row,
                               const PanelColumns& columns, const T* panel) {
  for (std::size_t t = 0; t < left.tiles().count; ++t) {
    with_constant<most_rows>(left.tiles().size(t), [&](auto rows) HWY_ATTR {
      Product<T> tile = rows_from(block, row + left.tiles().start(t));
      tile.a = left.tile(t), tile.a_row = 1, tile.a_column = rows();
      with_constant<most_registers>(columns.width, [&](auto width) HWY_ATTR {
        multiply_tile<rows(), width()>(tile, panel, columns);
      });
    });
  }
}

/// Of at most `right_columns` columns.
template <class T>
HWY_INLINE void multiply_columns(const Product<T>& p, T* work) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const Parts columns((p.n + lanes - 1) / lanes, most_registers), depths(p.k, block_depth<T>),
      heights(p.m, left_rows);
  const std::size_t panel = block_depth<T> * most_registers * lanes;
  T* const left_room = work + columns.count * panel;
  for (std::size_t z = 0; z < depths.count; ++z) {
    const Product<T> block = block_of(p, depths.start(z), depths.size(z));
    for (std::size_t c = 0; c < columns.count; ++c) {
      pack_panel(p, panel_columns(p, columns, c), depths.start(z), block.k, work + c * panel);
    }
    for (std::size_t h = 0; h < heights.count; ++h) {
      const LeftBlock<T> left(block, heights.start(h), heights.size(h), left_room);
      for (std::size_t c = 0; c < columns.count; ++c) {
        multiply_panel(block, left, heights.start(h), panel_columns(p, columns, c),
                       work + c * panel);
      }
    }
  }
}

template <class T>
HWY_INLINE void multiply_blocked_any(const Product<T>& p, T* work) {
  const Parts chunks(p.n, right_columns);
  for (std::size_t i = 0; i < chunks.count; ++i) {
    const std::size_t first = chunks.start(i);
    Product<T> part = p;
    part.n = chunks.size(i);
    part.b += first * (p.b_transposed ? p.b_stride : 1);
    part.c += first;
    if (p.added != nullptr) part.added += first;
    if (p.gate != nullptr) part.gate += first;
    multiply_columns(part, work);
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
