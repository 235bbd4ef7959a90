// How neighbouring positions of a pooling window meet its taps, and the largest element under each.

#include <algorithm>
#include <cstddef>
#include <limits>

#include "autodiff/kernels/simd/map-inl.h"
#include "autodiff/kernels/simd/pooling.hpp"

#if defined(DTHETA_SIMD_POOL_TAPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_POOL_TAPS_INL_H_
#undef DTHETA_SIMD_POOL_TAPS_INL_H_
#else
#define DTHETA_SIMD_POOL_TAPS_INL_H_
#endif

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

/// The larger one; `best` where they are equal or one is NaN.
template <class D, class V>
HWY_INLINE V larger(D, V best, V x) {
  if constexpr (second_if_not_ordered)
    return hn::Max(x, best);
  else
    return hn::IfThenElse(hn::Gt(x, best), x, best);
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

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
