// Largest elements under a window. A register holds positions that are next to each other, and the
// taps of the window pass over it in row-major order. With stride 2 taps go in pairs: those of even
// and odd columns come from one load.
#include "autodiff/kernels/simd/pooling.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/pooling.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/pool_pairs-inl.h"
#include "autodiff/kernels/simd/pool_taps-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Calls visit(offset in the plane, position, positions) for each register of positions.
template <std::size_t stride, class Visit>
HWY_INLINE void for_each_part(const PlaneWindow& w, std::size_t lanes, Visit visit) {
  for (std::size_t r = 0; r < w.out_rows; ++r) {
    for (std::size_t c = 0; c < w.out_columns; c += lanes) {
      visit(r * w.stride_rows * w.in_columns + c * stride, r * w.out_columns + c,
            std::min(lanes, w.out_columns - c));
    }
  }
}

template <std::size_t stride, class T>
HWY_INLINE void pool(const PlaneWindow& w, std::size_t planes, const T* x, T* out) {
  const hn::ScalableTag<T> d;
  for (; planes > 0; --planes, x += w.in_size, out += w.out_rows * w.out_columns) {
    for_each_part<stride>(w, hn::Lanes(d),
                          [&](std::size_t from, std::size_t to, std::size_t n) HWY_ATTR {
                            store_some(d, largest<stride>(d, w, x + from, n), out + to, n);
                          });
  }
}

/// Each tap in turn takes what is left of c where it is the largest: the first one takes all.
template <std::size_t stride, class T>
HWY_INLINE void pool_adjoint(const PlaneWindow& w, std::size_t planes, const T* c, const T* x,
                             T* out) {
  const hn::ScalableTag<T> d;
  for (; planes > 0; --planes, c += w.out_rows * w.out_columns, x += w.in_size, out += w.in_size) {
    std::fill_n(out, w.in_size, T(0));
    for_each_part<stride>(
        w, hn::Lanes(d), [&](std::size_t from, std::size_t to, std::size_t n) HWY_ATTR {
          const auto best = largest<stride>(d, w, x + from, n);
          auto left = load_some(d, c + to, n);
          const auto take = [&](auto v) HWY_ATTR {
            const auto wins = hn::Or(hn::Eq(v, best), hn::IsNaN(v));
            const auto taken = hn::IfThenElseZero(wins, left);
            left = hn::IfThenZeroElse(wins, left);
            return taken;
          };
          for_each_group<stride>(w, [&](std::size_t at, std::size_t taps) HWY_ATTR {
            Taps<stride>::add(d, x + from + at, out + from + at, n, taps, take);
          });
        });
  }
}

/// Whether windows lie side by side, two columns each.
[[maybe_unused]] HWY_INLINE bool in_pairs(const PlaneWindow& w) {
  return w.size_columns == 2 && w.stride_columns == 2;
}
template <class T>
HWY_INLINE void pool_any(const PlaneWindow& w, std::size_t planes, const T* x, T* out) {
#if HWY_TARGET != HWY_SCALAR
  if (in_pairs(w)) return pool_pairs(w, planes, x, out);
#endif
  if (w.stride_columns == 1)
    pool<1>(w, planes, x, out);
  else
    pool<2>(w, planes, x, out);
}
template <class T>
HWY_INLINE void pool_adjoint_any(const PlaneWindow& w, std::size_t planes, const T* c, const T* x,
                                 T* out) {
#if HWY_TARGET != HWY_SCALAR
  if (in_pairs(w) && w.size_rows == w.stride_rows) {
    return w.size_rows == 2 ? PairsAdjoint<T, 2>(w).planes(planes, c, x, out)
                            : PairsAdjoint<T, 0>(w).planes(planes, c, x, out);
  }
#endif
  if (w.stride_columns == 1)
    pool_adjoint<1>(w, planes, c, x, out);
  else
    pool_adjoint<2>(w, planes, c, x, out);
}

void max_pool_f32(const PlaneWindow& w, std::size_t planes, const float* x, float* out) {
  pool_any(w, planes, x, out);
}
void max_pool_f64(const PlaneWindow& w, std::size_t planes, const double* x, double* out) {
  pool_any(w, planes, x, out);
}
void max_pool_adjoint_f32(const PlaneWindow& w, std::size_t planes, const float* c, const float* x,
                          float* out) {
  pool_adjoint_any(w, planes, c, x, out);
}
void max_pool_adjoint_f64(const PlaneWindow& w, std::size_t planes, const double* c,
                          const double* x, double* out) {
  pool_adjoint_any(w, planes, c, x, out);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(max_pool_f32);
HWY_EXPORT(max_pool_f64);
HWY_EXPORT(max_pool_adjoint_f32);
HWY_EXPORT(max_pool_adjoint_f64);

void max_pool(const PlaneWindow& w, std::size_t planes, const float* x, float* out) {
  HWY_DYNAMIC_DISPATCH(max_pool_f32)(w, planes, x, out);
}
void max_pool(const PlaneWindow& w, std::size_t planes, const double* x, double* out) {
  HWY_DYNAMIC_DISPATCH(max_pool_f64)(w, planes, x, out);
}
void max_pool_adjoint(const PlaneWindow& w, std::size_t planes, const float* c, const float* x,
                      float* out) {
  HWY_DYNAMIC_DISPATCH(max_pool_adjoint_f32)(w, planes, c, x, out);
}
void max_pool_adjoint(const PlaneWindow& w, std::size_t planes, const double* c, const double* x,
                      double* out) {
  HWY_DYNAMIC_DISPATCH(max_pool_adjoint_f64)(w, planes, c, x, out);
}

}  // namespace dtheta::simd
#endif
