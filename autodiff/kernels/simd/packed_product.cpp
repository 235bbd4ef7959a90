// Products of some size: B is copied, some registers of columns at a time, to where its rows follow
// one another, and then all rows of A go over it. A is read where it is.
#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/packed_product.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/panel-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Rows of B in a panel, which takes up 150 KB at most and stays in a second-level cache: each block of k
/// more would read and write all of C once more.
template <class T>
constexpr std::size_t most_depth = 3200 / sizeof(T);

template <class T>
HWY_INLINE void multiply_packed_any(const Product<T>& p) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  alignas(64) T panel[most_depth<T> * most_registers * hn::MaxLanes(d)];
  const Parts rows(p.m, most_rows), columns((p.n + lanes - 1) / lanes, most_registers);
  // Of a transposed A a tile reads some elements of many lines: with fewer rows they stay for the next tile.
  const Parts depths(p.k, p.a_column == 1 ? most_depth<T> : most_depth<T> / 2);
  for (std::size_t c = 0; c < columns.count; ++c) {
    const PanelColumns own = panel_columns(p, columns, c);
    for (std::size_t z = 0; z < depths.count; ++z) {
      const Product<T> block = block_of(p, depths.start(z), depths.size(z));
      pack_panel(p, own, depths.start(z), block.k, panel);
      with_constant<most_registers>(own.width, [&](auto w) HWY_ATTR {
        for (std::size_t r = 0; r < rows.count; ++r) {
          with_constant<most_rows>(rows.size(r), [&](auto n) HWY_ATTR {
            product_tile<n(), w()>(d, block, Panel<decltype(d)>{panel}, rows.start(r), own.column,
                                   own.count - (w() - 1) * lanes);
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
