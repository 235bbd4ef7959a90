// Sums, dot products and maxima by a tree that does not depend on the instruction set.
//
// A block of `rows` rows is added column by column into `columns` accumulators (element i of the
// block goes to accumulator i % columns), the accumulators are halved until one is left, and block
// sums are added pairwise. Registers of every width hold the same columns, so they produce the same
// bits; the error bound is (rows + log2(columns) + log2(blocks)) eps times the sum of magnitudes.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "autodiff/kernels/simd/map-inl.h"

#if defined(DTHETA_SIMD_FOLD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_FOLD_INL_H_
#undef DTHETA_SIMD_FOLD_INL_H_
#else
#define DTHETA_SIMD_FOLD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// 256 bytes: four of the widest registers, enough to hide the latency of an addition.
template <class T>
inline constexpr std::size_t columns = 256 / sizeof(T);
inline constexpr std::size_t rows = 32;

struct Value {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return x;
  }
};

struct Magnitude {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return hn::Abs(x);
  }
};

struct Squared {
  template <class V>
  HWY_INLINE V operator()(V x) const {
    return x * x;
  }
};

struct Product {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a * b;  // not fused into the addition: that would differ between instruction sets
  }
};

/// Of vectors and of scalars.
struct Plus {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a + b;
  }
};

struct Times {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return a * b;
  }
};

struct Larger {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    if constexpr (std::is_floating_point_v<V>) {
      if (a == b) return std::signbit(a) ? b : a;
      return a > b || std::isnan(a) ? a : b;
    } else {
      return maximum_of(a, b);
    }
  }
};

/// Combines the lanes of a register, its lower half with its upper half, until one is left.
template <class Combine, class D, class V>
HWY_INLINE hn::TFromD<D> fold_lanes(Combine combine, D, V x) {
#if HWY_TARGET == HWY_SCALAR
  (void)combine;
  return hn::GetLane(x);
#else
  if constexpr (hn::MaxLanes(D{}) == 1) {
    return hn::GetLane(x);
  } else {
    const hn::Half<D> half;
    return fold_lanes(combine, half, combine(hn::LowerHalf(half, x), hn::UpperHalf(half, x)));
  }
#endif
}

/// Combines at most one block. `empty` is what combines with nothing to nothing.
template <class Combine, class Term, class T, class... In>
HWY_INLINE T fold_block(Combine combine, Term term, T empty, std::size_t n, const In*... in) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<T>{});
  constexpr std::size_t registers = columns<T> / lanes;
  hn::Vec<decltype(d)> acc[registers];
  for (auto& a : acc) a = hn::Set(d, empty);
  std::size_t i = 0;
  for (; i + columns<T> <= n; i += columns<T>) {
#pragma GCC unroll 16  // keeps acc in registers
    for (std::size_t r = 0; r < registers; ++r) {
      acc[r] = combine(acc[r], term(hn::LoadU(d, in + i + r * lanes)...));
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < registers; ++r, i += lanes) {
    if (i + lanes <= n) {
      acc[r] = combine(acc[r], term(hn::LoadU(d, in + i)...));
    } else if (i < n) {
      const auto last = combine(acc[r], term(load_first(d, in + i, n - i)...));
      acc[r] = hn::IfThenElse(hn::FirstN(d, n - i), last, acc[r]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t half = registers / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < half; ++r) acc[r] = combine(acc[r], acc[r + half]);
  }
  return fold_lanes(combine, d, acc[0]);
}

template <class Combine, class Term, class T, class... In>
HWY_INLINE T fold(Combine combine, Term term, T empty, std::size_t n, const In*... in) {
  constexpr std::size_t block = rows * columns<T>;
  if (n <= block) return fold_block(combine, term, empty, n, in...);
  // A binary counter: level k holds the result of 2^k blocks, and two of a kind make the next
  // level.
  std::array<T, 64> level;
  std::size_t depth = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; i += block, ++count) {
    T part = fold_block(combine, term, empty, n - i < block ? n - i : block, in + i...);
    for (std::size_t bits = count; bits & 1; bits >>= 1) part = combine(level[--depth], part);
    level[depth++] = part;
  }
  T result = level[--depth];
  while (depth > 0) result = combine(level[--depth], result);
  return result;
}

/// Rows of n elements that are computed step by step together, at most: none waits for the sum of the one
/// before. They stay in a first-level cache.
inline constexpr std::size_t most_together = 8;
template <class T>
HWY_INLINE std::size_t rows_together(std::size_t count, std::size_t n) {
  constexpr std::size_t near = 8192 / sizeof(T);
  return std::min(
      {count, most_together, std::max<std::size_t>(near / std::max<std::size_t>(n, 1), 1)});
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
