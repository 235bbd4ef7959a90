#pragma once

#include <algorithm>

#include "autodiff/kernels/simd/lane_channels.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// Channels that are summed together, at most.
inline constexpr Index channels_at_once = 64;
/// Positions or terms that are listed together, at most.
inline constexpr Index listed_at_once = 64;

[[nodiscard]] constexpr Index in_channel_blocks(Index channels) {
  constexpr auto block = static_cast<Index>(simd::channel_block);
  return (channels + block - 1) / block * block;
}

/// Channels that are summed together: so many from the first, in registers that hold `width`.
struct Panel {
  Index first, count, width;
};

/// Calls body(panel) for all panels of so many channels.
template <class Body>
void for_each_panel(Index channels, Body body) {
  for (Index first = 0; first < channels; first += channels_at_once) {
    const Index count = std::min(channels_at_once, channels - first);
    body(Panel{first, count, in_channel_blocks(count)});
  }
}

}  // namespace dtheta::detail
