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

/// The adjoint for windows of two columns that do not overlap: each element is written once, and no
/// register has to be taken apart. `known_rows` is how many rows a window has, 0 for any number.
template <class T, std::size_t known_rows>
class PairsAdjoint {
 public:
  explicit PairsAdjoint(const PlaneWindow& w)
      : w_(w),
        rows_(known_rows > 0 ? known_rows : w.size_rows),
        columns_(2 * w.out_columns),
        covers_(columns_ == w.in_columns && w.out_rows * rows_ * columns_ == w.in_size) {}

  HWY_INLINE void planes(std::size_t count, const T* c, const T* x, T* out) const {
    const std::size_t positions = w_.out_rows * w_.out_columns;
    for (std::size_t p = 0; p < count; ++p, c += positions, x += w_.in_size, out += w_.in_size) {
      if (!covers_) std::fill_n(out, w_.in_size, T(0));
      // What a register writes behind the end of a row is written over then, but behind the last one.
      const bool overwritten = covers_ && (p + 1 < count) && w_.in_size >= hn::Lanes(d);
      overwritten ? plane<true>(c, x, out) : plane<false>(c, x, out);
    }
  }

 private:
  static constexpr hn::ScalableTag<T> d{};
  using V = hn::Vec<decltype(d)>;

  template <bool overwritten>
  HWY_INLINE void plane(const T* c, const T* x, T* out) const {
    const std::size_t lanes = hn::Lanes(d), rest = columns_ % lanes, whole = columns_ - rest;
    const std::size_t step = rows_ * w_.in_columns;
    for (std::size_t r = 0; r < w_.out_rows; ++r, c += w_.out_columns, x += step, out += step) {
      // From the back, for those that are written over.
      if (rest > 0) {
        windows(
            c + whole / 2, x + whole, rest / 2, out + whole,
            [&](const T* p) HWY_ATTR { return load_first(d, p, rest); },
            [&](V v, T* to)
                HWY_ATTR { overwritten ? hn::StoreU(v, d, to) : store_first(d, v, to, rest); });
      }
      for (std::size_t j = whole; j > 0;) {
        j -= lanes;
        windows(
            c + j / 2, x + j, lanes / 2, out + j,
            [](const T* p) HWY_ATTR { return hn::LoadU(d, p); },
            [](V v, T* to) HWY_ATTR { hn::StoreU(v, d, to); });
      }
    }
  }

  template <class Load, class Store>
  HWY_INLINE void windows(const T* c, const T* x, std::size_t count, T* out, Load load,
                          Store store) const {
    V best = load(x), sum = best;
    for (std::size_t k = 1; k < rows_; ++k) {
      const V below = load(x + k * w_.in_columns);
      best = larger(d, best, below), sum = sum + below;
    }
    best = larger(d, best, hn::Reverse2(d, best));
    const hn::RebindToSigned<decltype(d)> di;
    const auto pair = hn::IndicesFromVec(d, hn::ShiftRight<1>(hn::Iota(di, 0)));
    const V left = hn::TableLookupLanes(load_first(d, c, count), pair);
    if (hn::AllFalse(d, hn::IsNaN(sum))) {
      return hand_out(x, left, out, load, store, [&](V v) HWY_ATTR { return hn::Eq(v, best); });
    }
    // The largest, NaN where there is one.
    best = load(x);
    for (std::size_t k = 1; k < rows_; ++k)
      best = larger_or_nan(d, best, load(x + k * w_.in_columns));
    best = larger_or_nan(d, best, hn::Reverse2(d, best));
    hand_out(x, left, out, load, store,
             [&](V v) HWY_ATTR { return hn::Or(hn::Eq(v, best), hn::IsNaN(v)); });
  }

  /// Each row in turn takes what is left where it has the largest: the even element of a pair, or the odd one
  /// if that has not won.
  template <class Load, class Store, class Among>
  HWY_INLINE void hand_out(const T* x, V left, T* out, Load load, Store store, Among among) const {
    const hn::RebindToSigned<decltype(d)> di;
    const auto even =
        hn::RebindMask(d, hn::Eq(hn::And(hn::Iota(di, 0), hn::Set(di, 1)), hn::Zero(di)));
    for (std::size_t k = 0; k < rows_; ++k, x += w_.in_columns, out += w_.in_columns) {
      const V wins = hn::VecFromMask(d, among(load(x)));
      const V won = hn::AndNot(hn::Reverse2(d, hn::IfThenElseZero(even, wins)), wins);
      store(hn::Zero(d) + hn::And(won, left), out);
      left = hn::AndNot(hn::Or(won, hn::Reverse2(d, won)), left);
    }
  }

  const PlaneWindow& w_;
  std::size_t rows_, columns_;
  bool covers_;  // every element of x lies in a window
};
#endif

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
