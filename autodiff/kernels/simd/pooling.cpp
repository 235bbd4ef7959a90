// Largest elements under a window. A register holds positions that are next to each other, and the
// taps of the window pass over it in row-major order. With stride 2 taps go in pairs: those of even
// and odd columns come from one load.
#include "autodiff/kernels/simd/pooling.hpp"

#include <algorithm>
#include <limits>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/pooling.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/map-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// The first `count` elements from x, or as many as a register holds.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_some(D d, const T* x, std::size_t count) {
  return count >= hn::Lanes(d) ? hn::LoadU(d, x) : load_first(d, x, count);
}
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_some(D d, hn::Vec<D> v, T* out, std::size_t count) {
  if (count >= hn::Lanes(d))
    hn::StoreU(v, d, out);
  else
    store_first(d, v, out, count);
}

/// The elements of even and of odd position in `low` followed by `high`.
template <class D, class V>
HWY_INLINE V even_elements(D d, V low, V high) {
#if HWY_TARGET == HWY_SCALAR
  (void)d, (void)high;
  return low;
#else
  return hn::ConcatEven(d, high, low);
#endif
}
template <class D, class V>
HWY_INLINE V odd_elements(D d, V low, V high) {
#if HWY_TARGET == HWY_SCALAR
  (void)d, (void)low;
  return high;
#else
  return hn::ConcatOdd(d, high, low);
#endif
}

/// How neighbouring positions meet the taps of a row: tap k of position i is at x[stride * i + k].
/// Taps are taken in groups of `stride`, which together are contiguous.
template <std::size_t stride>
struct Taps;

template <>
struct Taps<1> {
  /// Calls visit(element under each position) for the only tap of the group at x.
  template <class D, class T, class Visit>
  HWY_INLINE static void load(D d, const T* x, std::size_t n, std::size_t, Visit visit) {
    visit(load_some(d, x, n));
  }
  /// out += what `give` returns for each tap in turn.
  template <class D, class T, class Give>
  HWY_INLINE static void add(D d, const T* x, T* out, std::size_t n, std::size_t, Give give) {
    store_some(d, load_some(d, out, n) + give(load_some(d, x, n)), out, n);
  }
};

template <>
struct Taps<2> {
  template <class D, class T, class Visit>
  HWY_INLINE static void load(D d, const T* x, std::size_t n, std::size_t taps, Visit visit) {
    const auto both = halves(d, x, 2 * n + taps - 2);
    visit(even_elements(d, both.low, both.high));
    if (taps == 2) visit(odd_elements(d, both.low, both.high));
  }
  template <class D, class T, class Give>
  HWY_INLINE static void add(D d, const T* x, T* out, std::size_t n, std::size_t taps, Give give) {
    const std::size_t lanes = hn::Lanes(d), count = 2 * n + taps - 2;
    const auto both = halves(d, x, count);
    const auto even = give(even_elements(d, both.low, both.high));
    const auto odd =
        taps == 2 ? give(odd_elements(d, both.low, both.high)) : hn::Vec<D>(hn::Zero(d));
    alignas(64) T given[2 * hn::MaxLanes(d)];
    hn::StoreInterleaved2(even, odd, d, given);
    store_some(d, load_some(d, out, count) + hn::Load(d, given), out, count);
    if (count <= lanes) return;
    const auto sum = load_some(d, out + lanes, count - lanes) + hn::Load(d, given + lanes);
    store_some(d, sum, out + lanes, count - lanes);
  }

 private:
  template <class V>
  struct Halves {
    V low, high;
  };
  template <class D, class T = hn::TFromD<D>>
  HWY_INLINE static Halves<hn::Vec<D>> halves(D d, const T* x, std::size_t count) {
    const std::size_t lanes = hn::Lanes(d);
    if (count <= lanes) return {load_some(d, x, count), hn::Zero(d)};
    return {hn::LoadU(d, x), load_some(d, x + lanes, count - lanes)};
  }
};

/// Calls visit(offset in the window's first row, taps in the group) for each group of taps.
template <std::size_t stride, class Visit>
HWY_INLINE void for_each_group(const PlaneWindow& w, Visit visit) {
  for (std::size_t r = 0; r < w.size_rows; ++r) {
    for (std::size_t k = 0; k < w.size_columns; k += stride) {
      visit(r * w.in_columns + k, std::min(stride, w.size_columns - k));
    }
  }
}

template <class D, class V>
HWY_INLINE V larger_or_nan(D, V best, V x) {
  return hn::IfThenElse(hn::Or(hn::Gt(x, best), hn::IsNaN(x)), x, best);
}

template <std::size_t stride, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> largest(D d, const PlaneWindow& w, const T* x, std::size_t n) {
  auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
  for_each_group<stride>(w, [&](std::size_t at, std::size_t taps) HWY_ATTR {
    Taps<stride>::load(d, x + at, n, taps,
                       [&](auto v) HWY_ATTR { best = larger_or_nan(d, best, v); });
  });
  return best;
}

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

#if HWY_TARGET != HWY_SCALAR
/// What has won in a row of windows that are two columns wide, one beside the other: all ones in the
/// even lane of a pair, else in the odd one, where that element is among the largest.
template <class D, class V>
HWY_INLINE V winners(D d, V x, V best, hn::Mask<D> even) {
  const auto wins = hn::VecFromMask(d, hn::Or(hn::Eq(x, best), hn::IsNaN(x)));
  const auto first = hn::IfThenElseZero(even, wins);
  return hn::AndNot(hn::Reverse2(d, first), wins);
}

/// The same for windows of two columns that do not overlap: each element is written once, and no
/// register has to be taken apart.
template <class T>
HWY_INLINE void pool_adjoint_pairs(const PlaneWindow& w, std::size_t planes, const T* c, const T* x,
                                   T* out) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  const std::size_t lanes = hn::Lanes(d), columns = 2 * w.out_columns;
  const auto lane = hn::Iota(di, 0);
  const auto pair = hn::IndicesFromVec(d, hn::ShiftRight<1>(lane));
  const auto even = hn::RebindMask(d, hn::Eq(hn::And(lane, hn::Set(di, 1)), hn::Zero(di)));
  const bool covers = columns == w.in_columns && w.out_rows * w.size_rows * columns == w.in_size;
  for (; planes > 0; --planes, x += w.in_size, out += w.in_size) {
    if (!covers) std::fill_n(out, w.in_size, T(0));
    for (std::size_t r = 0; r < w.out_rows; ++r, c += w.out_columns) {
      const std::size_t row = r * w.size_rows * w.in_columns;
      for (std::size_t j = 0; j < columns; j += lanes) {
        const std::size_t n = std::min(lanes, columns - j), first = row + j;
        auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
        for (std::size_t k = 0; k < w.size_rows; ++k) {
          best = larger_or_nan(d, best, load_some(d, x + first + k * w.in_columns, n));
        }
        best = larger_or_nan(d, best, hn::Reverse2(d, best));
        auto left = hn::TableLookupLanes(load_first(d, c + j / 2, n / 2), pair);
        for (std::size_t k = 0; k < w.size_rows; ++k) {
          const std::size_t at = first + k * w.in_columns;
          const auto won = winners(d, load_some(d, x + at, n), best, even);
          store_some(d, hn::Zero(d) + hn::And(won, left), out + at, n);
          left = hn::AndNot(hn::Or(won, hn::Reverse2(d, won)), left);
        }
      }
    }
  }
}
#endif

template <class T>
HWY_INLINE void pool_any(const PlaneWindow& w, std::size_t planes, const T* x, T* out) {
  if (w.stride_columns == 1)
    pool<1>(w, planes, x, out);
  else
    pool<2>(w, planes, x, out);
}
template <class T>
HWY_INLINE void pool_adjoint_any(const PlaneWindow& w, std::size_t planes, const T* c, const T* x,
                                 T* out) {
#if HWY_TARGET != HWY_SCALAR
  if (w.size_columns == 2 && w.stride_columns == 2 && w.size_rows == w.stride_rows) {
    return pool_adjoint_pairs(w, planes, c, x, out);
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
