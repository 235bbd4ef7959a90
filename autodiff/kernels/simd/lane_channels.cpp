// Convolutions as sums of products of registers that hold neighbouring channels. A tile of
// accumulators, some elements by some registers of channels, is as large as the register file allows;
// each element of x is spread over a register.
#include "autodiff/kernels/simd/lane_channels.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/lane_channels.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/lane_runs-inl.h"
#include "autodiff/kernels/simd/tile-inl.h"
#include "autodiff/kernels/simd/turn-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// The sums of `count` elements from `first` for `width` registers of channels, which `factors` and
/// `sums` point at.
template <bool listed, std::size_t count, std::size_t width, class T>
HWY_INLINE void lane_tile(const LaneChannels& l, std::size_t first, const T* x, const T* factors,
                          T* sums) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  std::ptrdiff_t at[count];
  V sum[count][width];
#pragma GCC unroll 16
  for (std::size_t e = 0; e < count; ++e) {
    at[e] = l.elements[first + e];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < width; ++r) sum[e][r] = hn::Zero(d);
  }
  const std::ptrdiff_t* const inner = l.inner.data();
  const std::size_t steps = l.inner.size();
  const auto add = [&](std::size_t i) HWY_ATTR {
    const T* const under = settled(listed ? x + inner[i] + at[0] : x + inner[i]);
    const T* const row = listed ? factors + l.rows.inner[i] : factors;
    V factor[width];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < width; ++r) factor[r] = hn::LoadU(d, row + r * lanes);
    if constexpr (!listed) factors += l.channels;
#pragma GCC unroll 16
    for (std::size_t e = 0; e < count; ++e) {
      const V element = hn::Set(d, under[listed ? static_cast<std::ptrdiff_t>(e) : at[e]]);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < width; ++r) sum[e][r] = hn::MulAdd(element, factor[r], sum[e][r]);
    }
  };
  for (std::size_t outer = 0; outer < l.outer; ++outer, x += l.outer_stride) {
    if constexpr (listed) {
      for (std::size_t i = 0; i < steps; ++i) add(i);
      factors += l.rows.outer_stride;
    } else {
      // Some steps at a time, as in a product.
#pragma GCC unroll 4
      for (std::size_t i = 0; i < steps; ++i) add(i);
    }
  }
  sums += first * l.sums_stride;
#pragma GCC unroll 16
  for (std::size_t e = 0; e < count; ++e, sums += l.sums_stride) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < width; ++r) {
      T* to = sums + r * lanes;
      hn::StoreU(hn::LoadU(d, to) + sum[e][r], d, to);
    }
  }
}

/// As many elements as leave registers for the factors and one element, and general ones for where
/// the elements are.
template <std::size_t width>
inline constexpr std::size_t most_elements = tile_rows<many_registers ? 8 : 6, width>;

template <bool listed, class T>
HWY_INLINE void add_lane_sums_by(const LaneChannels& l, const T* x, const T* factors, T* sums) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t most_width = many_registers ? 4 : 2;
  const std::size_t lanes = hn::Lanes(d);
  const Parts widths((l.channels + lanes - 1) / lanes, most_width);
  for (std::size_t i = 0; i < widths.count; ++i) {
    const std::size_t channel = widths.start(i) * lanes;
    with_constant<most_width>(widths.size(i), [&](auto width) HWY_ATTR {
      constexpr std::size_t most = most_elements<width()>;
      const Parts parts(l.elements.size(), most);
      for (std::size_t k = 0; k < parts.count; ++k) {
        with_constant<most>(parts.size(k), [&](auto count) HWY_ATTR {
          lane_tile<listed, count(), width()>(l, parts.start(k), x, factors + channel,
                                              sums + channel);
        });
      }
    });
  }
}

template <class T>
HWY_INLINE void add_lane_sums_any(const LaneChannels& l, const T* x, const T* factors, T* sums) {
  if (add_runs(l, x, factors, sums)) return;
  if (l.rows.inner.empty())
    add_lane_sums_by<false>(l, x, factors, sums);
  else
    add_lane_sums_by<true>(l, x, factors, sums);
}

template <class T>
HWY_INLINE void turn_any(const Turn& t, const T* x, T* out) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t written = (t.rows + channel_block - 1) / channel_block * channel_block;
  for (std::size_t j = 0; j < written; j += lanes) {
    const std::size_t from = std::min(j, t.rows - 1);
    turn_rows(d, x + from * t.x_stride, t.x_stride, std::min(lanes, t.rows - from), t.length,
              out + j, t.out_stride);
  }
}

void add_lane_sums_f32(const LaneChannels& l, const float* x, const float* factors, float* sums) {
  add_lane_sums_any(l, x, factors, sums);
}
void add_lane_sums_f64(const LaneChannels& l, const double* x, const double* factors,
                       double* sums) {
  add_lane_sums_any(l, x, factors, sums);
}
void turn_f32(const Turn& t, const float* x, float* out) { turn_any(t, x, out); }
void turn_f64(const Turn& t, const double* x, double* out) { turn_any(t, x, out); }

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(add_lane_sums_f32);
HWY_EXPORT(add_lane_sums_f64);
HWY_EXPORT(turn_f32);
HWY_EXPORT(turn_f64);

void add_lane_sums(const LaneChannels& l, const float* x, const float* factors, float* sums) {
  HWY_DYNAMIC_DISPATCH(add_lane_sums_f32)(l, x, factors, sums);
}
void add_lane_sums(const LaneChannels& l, const double* x, const double* factors, double* sums) {
  HWY_DYNAMIC_DISPATCH(add_lane_sums_f64)(l, x, factors, sums);
}
void turn(const Turn& t, const float* x, float* out) { HWY_DYNAMIC_DISPATCH(turn_f32)(t, x, out); }
void turn(const Turn& t, const double* x, double* out) {
  HWY_DYNAMIC_DISPATCH(turn_f64)(t, x, out);
}

}  // namespace dtheta::simd
#endif
