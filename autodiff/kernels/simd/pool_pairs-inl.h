// The largest elements under windows of two columns side by side, which a register takes as pairs.

#include <algorithm>
#include <cstddef>

#include "autodiff/kernels/simd/pool_taps-inl.h"

#if defined(DTHETA_SIMD_POOL_PAIRS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_POOL_PAIRS_INL_H_
#undef DTHETA_SIMD_POOL_PAIRS_INL_H_
#else
#define DTHETA_SIMD_POOL_PAIRS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
/// Stores n elements of v at `out`, or all where those behind are written later: a store under a mask takes
/// a processor longer.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_ascending(D d, hn::Vec<D> v, T* out, std::size_t n, const T* end) {
  if (static_cast<std::size_t>(end - out) >= hn::Lanes(d))
    hn::StoreU(v, d, out);
  else
    store_some(d, v, out, n);
}

/// Windows of two columns side by side, of numbers: false where one is NaN, which is asked of their sum.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE bool largest_of_pairs(D d, const PlaneWindow& w, const T* x, std::size_t n,
                                 hn::Vec<D>& best) {
  const std::size_t lanes = hn::Lanes(d), first = std::min(lanes, 2 * n), more = 2 * n - first;
  auto low = load_some(d, x, first), high = more > 0 ? load_some(d, x + lanes, more) : low;
  auto sum = low + high;
  for (std::size_t r = 1; r < w.size_rows; ++r) {
    x += w.in_columns;
    const auto below = load_some(d, x, first);
    low = larger(d, low, below), sum = sum + below;
    if (more == 0) continue;
    const auto beside = load_some(d, x + lanes, more);
    high = larger(d, high, beside), sum = sum + beside;
  }
  best = larger(d, even_elements(d, low, high), odd_elements(d, low, high));
  return hn::AllFalse(d, hn::IsNaN(sum));
}
template <class T>
HWY_INLINE void pool_pairs(const PlaneWindow& w, std::size_t planes, const T* x, T* out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const T* const end = out + planes * w.out_rows * w.out_columns;
  for (; planes > 0; --planes, x += w.in_size) {
    for (std::size_t r = 0; r < w.out_rows; ++r, out += w.out_columns) {
      const T* const row = x + r * w.stride_rows * w.in_columns;
      for (std::size_t c = 0; c < w.out_columns; c += lanes) {
        const std::size_t n = std::min(lanes, w.out_columns - c);
        hn::Vec<decltype(d)> best;
        if (!largest_of_pairs(d, w, row + 2 * c, n, best)) best = largest<2>(d, w, row + 2 * c, n);
        store_ascending(d, best, out + c, n, end);
      }
    }
  }
}

/// What has won in a row of windows that are two columns wide, one beside the other, where `wins` says
/// which elements are among the largest: all ones in the even lane of a pair, else in the odd one.
template <class D, class V>
HWY_INLINE V winners(D d, hn::Mask<D> among, hn::Mask<D> even) {
  const auto wins = hn::VecFromMask(d, among);
  return hn::AndNot(hn::Reverse2(d, hn::IfThenElseZero(even, wins)), wins);
}

/// The same for windows of two columns that do not overlap: each element is written once, and no
/// register has to be taken apart.
template <class T>
class PairsAdjoint {
 public:
  PairsAdjoint(const PlaneWindow& w, const T* end)
      : w_(w),
        columns_(2 * w.out_columns),
        covers_(columns_ == w.in_columns && w.out_rows * w.size_rows * columns_ == w.in_size),
        end_(end) {}

  HWY_INLINE void plane(const T* c, const T* x, T* out) const {
    if (!covers_) std::fill_n(out, w_.in_size, T(0));
    const std::size_t lanes = hn::Lanes(d), last = (columns_ - 1) / lanes * lanes;
    for (std::size_t r = 0; r < w_.out_rows; ++r, c += w_.out_columns) {
      const std::size_t row = r * w_.size_rows * w_.in_columns;
      // From the back: what a register writes behind the end of a row is written over then.
      for (std::size_t j = last + lanes; j > 0;) {
        j -= lanes;
        windows(c + j / 2, x + row + j, std::min(lanes, columns_ - j), out + row + j);
      }
    }
  }

 private:
  static constexpr hn::ScalableTag<T> d{};
  using V = hn::Vec<decltype(d)>;

  /// Those of n columns.
  HWY_INLINE void windows(const T* c, const T* x, std::size_t n, T* out) const {
    const hn::RebindToSigned<decltype(d)> di;
    const auto lane = hn::Iota(di, 0);
    const auto pair = hn::IndicesFromVec(d, hn::ShiftRight<1>(lane));
    V best = load_some(d, x, n), sum = best;
    for (std::size_t k = 1; k < w_.size_rows; ++k) {
      const V below = load_some(d, x + k * w_.in_columns, n);
      best = larger(d, best, below), sum = sum + below;
    }
    best = larger(d, best, hn::Reverse2(d, best));
    const V left = hn::TableLookupLanes(load_first(d, c, n / 2), pair);
    if (hn::AllFalse(d, hn::IsNaN(sum)))
      return hand_out(x, n, left, out, [&](V v) HWY_ATTR { return hn::Eq(v, best); });
    best = known(x, n);
    hand_out(x, n, left, out, [&](V v) HWY_ATTR { return hn::Or(hn::Eq(v, best), hn::IsNaN(v)); });
  }
  /// The largest, NaN where there is one.
  HWY_INLINE V known(const T* x, std::size_t n) const {
    auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
    for (std::size_t k = 0; k < w_.size_rows; ++k)
      best = larger_or_nan(d, best, load_some(d, x + k * w_.in_columns, n));
    return larger_or_nan(d, best, hn::Reverse2(d, best));
  }
  /// Each row in turn takes what is left where it has the largest.
  template <class Among>
  HWY_INLINE void hand_out(const T* x, std::size_t n, V left, T* out, Among among) const {
    const hn::RebindToSigned<decltype(d)> di;
    const auto even =
        hn::RebindMask(d, hn::Eq(hn::And(hn::Iota(di, 0), hn::Set(di, 1)), hn::Zero(di)));
    for (std::size_t k = 0; k < w_.size_rows; ++k, x += w_.in_columns, out += w_.in_columns) {
      const V won = winners<decltype(d), V>(d, among(load_some(d, x, n)), even);
      store(hn::Zero(d) + hn::And(won, left), out, n);
      left = hn::AndNot(hn::Or(won, hn::Reverse2(d, won)), left);
    }
  }
  HWY_INLINE void store(V v, T* out, std::size_t n) const {
    covers_ ? store_ascending(d, v, out, n, end_) : store_some(d, v, out, n);
  }

  const PlaneWindow& w_;
  std::size_t columns_;
  bool covers_;  // every element of x lies in a window
  const T* end_;
};
#endif

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
