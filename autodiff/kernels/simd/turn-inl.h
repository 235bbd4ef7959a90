// Rows to columns: a few rows side by side, element by element in one register.

#include <algorithm>
#include <cstddef>

#include "autodiff/kernels/simd/map-inl.h"

#if defined(DTHETA_SIMD_TURN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_TURN_INL_H_
#undef DTHETA_SIMD_TURN_INL_H_
#else
#define DTHETA_SIMD_TURN_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
/// Blocks of 16 bytes: block i from rows[i * step].
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* const* rows, std::size_t step, std::size_t k) {
  if constexpr (hn::MaxLanes(d) * sizeof(T) <= 16) {
    return hn::LoadU(d, rows[0] + k);
  } else {
    const hn::Half<D> half;
    const std::size_t blocks = hn::Lanes(half) * sizeof(T) / 16;
    return hn::Combine(d, load_blocks(half, rows + blocks * step, step, k),
                       load_blocks(half, rows, step, k));
  }
}

/// Elements [k, k + block) of as many rows as a register has lanes, for a block of 16 bytes:
/// element k + i of all rows to out + i * stride. Square matrices of a block by a block are turned
/// side by side.
template <class D>
HWY_INLINE void turn_blocks(D d, const float* const* rows, std::size_t k, float* out,
                            std::size_t stride) {
  const hn::RepartitionToWide<D> d64;
  const auto a = load_blocks(d, rows, 4, k), b = load_blocks(d, rows + 1, 4, k),
             c = load_blocks(d, rows + 2, 4, k), e = load_blocks(d, rows + 3, 4, k);
  const auto ab_low = hn::BitCast(d64, hn::InterleaveLower(d, a, b)),
             ab_high = hn::BitCast(d64, hn::InterleaveUpper(d, a, b)),
             ce_low = hn::BitCast(d64, hn::InterleaveLower(d, c, e)),
             ce_high = hn::BitCast(d64, hn::InterleaveUpper(d, c, e));
  const auto store = [&](auto v, std::size_t row)
                         HWY_ATTR { hn::StoreU(hn::BitCast(d, v), d, out + row * stride); };
  store(hn::InterleaveLower(d64, ab_low, ce_low), 0);
  store(hn::InterleaveUpper(d64, ab_low, ce_low), 1);
  store(hn::InterleaveLower(d64, ab_high, ce_high), 2);
  store(hn::InterleaveUpper(d64, ab_high, ce_high), 3);
}
template <class D>
HWY_INLINE void turn_blocks(D d, const double* const* rows, std::size_t k, double* out,
                            std::size_t stride) {
  const auto a = load_blocks(d, rows, 2, k), b = load_blocks(d, rows + 1, 2, k);
  hn::StoreU(hn::InterleaveLower(d, a, b), d, out);
  hn::StoreU(hn::InterleaveUpper(d, a, b), d, out + stride);
}
#endif

/// Element k of each of `count` rows, which start `row_stride` apart, to lanes of one register, and
/// that to out + k * stride, for k < length. Lanes behind the last row repeat it. The rows must lie
/// within 2^31 elements.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void turn_rows(D d, const T* x, std::size_t row_stride, std::size_t count,
                          std::size_t length, T* out, std::size_t stride) {
#if HWY_TARGET != HWY_SCALAR
  constexpr std::size_t block = 16 / sizeof(T);
  if (length >= block) {
    const T* rows[hn::MaxLanes(d)];
    for (std::size_t j = 0; j < hn::Lanes(d); ++j)
      rows[j] = x + std::min(j, count - 1) * row_stride;
    std::size_t k = 0;
    for (; k + block <= length; k += block) turn_blocks(d, rows, k, out + k * stride, stride);
    // The last block may overlap the one before.
    k = length - block;
    if (length % block != 0) turn_blocks(d, rows, k, out + k * stride, stride);
    return;
  }
#endif
  const hn::RebindToSigned<D> di;
  using I = hn::TFromD<decltype(di)>;
  const auto lane = hn::Min(hn::Iota(di, 0), hn::Set(di, static_cast<I>(count - 1)));
  const auto start = lane * hn::Set(di, static_cast<I>(row_stride));
  for (std::size_t k = 0; k < length; ++k) {
    hn::StoreU(hn::GatherIndex(d, x + k, start), d, out + k * stride);
  }
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
