// Sums of neighbouring elements over neighbouring moves, for one register of channels: element e moved by k is
// element e + 1 moved by k - 1, so that each number of x is spread over a register once for several sums. One
// by one each multiply-add would have to load its own, and a core loads no more numbers than it multiplies.

#include <algorithm>
#include <cstddef>

#include "autodiff/kernels/simd/lane_channels.hpp"
#include "autodiff/kernels/simd/tile-inl.h"

#if defined(DTHETA_SIMD_LANE_RUNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DTHETA_SIMD_LANE_RUNS_INL_H_
#undef DTHETA_SIMD_LANE_RUNS_INL_H_
#else
#define DTHETA_SIMD_LANE_RUNS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// Bounds of a tile: neighbours of a run, and runs.
inline constexpr std::size_t least_run = 3, most_run = 10, most_runs = 4;

/// The sums of `runs` runs of `length` elements, which begin with elements[first] and every `step`th from
/// there, over moves in runs of a multiple of `moves`.
template <std::size_t runs, std::size_t length, std::size_t moves, class T>
HWY_INLINE void runs_tile(const LaneChannels& l, std::size_t first, std::size_t step, const T* x,
                          const T* factors, T* sums) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  std::ptrdiff_t at[runs];
  V sum[runs][length];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < runs; ++r) {
    at[r] = l.elements[first + r * step];
#pragma GCC unroll 16
    for (std::size_t e = 0; e < length; ++e) sum[r][e] = hn::Zero(d);
  }
  const std::ptrdiff_t* const inner = l.inner.data();
  const std::size_t steps = l.inner.size();
  for (std::size_t outer = 0; outer < l.outer; ++outer, x += l.outer_stride) {
    for (std::size_t i = 0; i < steps; i += moves, factors += moves * l.channels) {
      V factor[moves];
#pragma GCC unroll 16
      for (std::size_t k = 0; k < moves; ++k) factor[k] = hn::LoadU(d, factors + k * hn::Lanes(d));
#pragma GCC unroll 16
      for (std::size_t r = 0; r < runs; ++r) {
        const T* const under = settled(x + inner[i] + at[r]);
#pragma GCC unroll 16
        for (std::size_t j = 0; j < length + moves - 1; ++j) {
          const V number = hn::Set(d, under[j]);
          // Of each sum in the order of its moves.
#pragma GCC unroll 16
          for (std::size_t k = 0; k < moves; ++k) {
            if (j < k || j - k >= length) continue;
            V& own = sum[r][j - k];
            own = hn::MulAdd(number, factor[k], own);
          }
        }
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < runs; ++r) {
    T* to = sums + (first + r * step) * l.sums_stride;
#pragma GCC unroll 16
    for (std::size_t e = 0; e < length; ++e, to += l.sums_stride) {
      hn::StoreU(hn::Add(hn::LoadU(d, to), sum[r][e]), d, to);
    }
  }
}

template <std::size_t moves, class T>
HWY_INLINE void add_runs_by(const LaneChannels& l, const T* x, const T* factors, T* sums) {
  const Parts pieces(l.element_run, most_run);
  static_assert(2 * least_run <= most_run);  // no piece of a longer run is shorter than the least
  for (std::size_t p = 0; p < pieces.count; ++p) {
    with_constant<most_run>(pieces.size(p), [&](auto length) HWY_ATTR {
      if constexpr (length() >= least_run) {
        constexpr std::size_t most = tile_rows<most_runs, length()>;
        const Parts groups(l.elements.size() / l.element_run, most);
        for (std::size_t g = 0; g < groups.count; ++g) {
          with_constant<most>(groups.size(g), [&](auto runs) HWY_ATTR {
            const std::size_t first = groups.start(g) * l.element_run + pieces.start(p);
            runs_tile<runs(), length(), moves>(l, first, l.element_run, x, factors, sums);
          });
        }
      }
    });
  }
}

/// False if elements or moves lie in no such runs, or channels in several registers, which make enough of each
/// number.
template <class T>
HWY_INLINE bool add_runs(const LaneChannels& l, const T* x, const T* factors, T* sums) {
  constexpr bool holds_block = hn::MaxLanes(hn::ScalableTag<T>()) == channel_block;
  bool done = false;
  if constexpr (many_registers && holds_block) {
    if (l.channels != channel_block || !l.rows.inner.empty() || l.element_run < least_run)
      return false;
    const auto take = [&](auto moves) HWY_ATTR {
      if (done || l.inner_run % moves() != 0) return;
      add_runs_by<moves()>(l, x, factors, sums);
      done = true;
    };
    take(std::integral_constant<std::size_t, 5>{});
    take(std::integral_constant<std::size_t, 4>{});
    take(std::integral_constant<std::size_t, 3>{});
    take(std::integral_constant<std::size_t, 2>{});
  }
  return done;
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
