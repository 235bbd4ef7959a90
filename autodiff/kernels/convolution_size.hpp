#pragma once

#include <algorithm>
#include <cstddef>

#include "autodiff/kernels/window.hpp"

namespace dtheta::detail {

/// A convolution of x (samples, groups * in, elements) with w (groups * out, in, taps), which gives
/// y (samples, groups * out, positions).
struct ConvolutionSize {
  const Window& window;
  Index groups = 1;
  Index samples = 0;
  Index in = 0;   // channels of x in a group
  Index out = 0;  // channels of y in a group

  [[nodiscard]] Index rows() const { return in * window.taps(); }
  [[nodiscard]] Index x_size() const { return groups * in * window.in_size(); }
  [[nodiscard]] Index y_size() const { return groups * out * window.out_size(); }
  [[nodiscard]] Index w_size() const { return out * rows(); }  // of a group
};

/// A count as the loops of kernels/simd take it.
[[nodiscard]] constexpr std::size_t in_size(Index n) { return static_cast<std::size_t>(n); }

/// Some of the samples, [first, first + count).
struct SampleRange {
  Index first = 0;
  Index count = 0;
};

/// Some of the channels of x in one group, [first, first + count).
struct ChannelRange {
  Index group = 0;
  Index first = 0;
  Index count = 0;
};

/// From x to y, or from y to x.
enum class Direction { forward, adjoint };

/// Samples that are summed over in one go for the adjoint in w: as many as make a sum worth its start and
/// end.
[[nodiscard]] inline Index samples_at_once(const ConvolutionSize& c) {
  return std::clamp<Index>(1024 / c.window.out_size(), 1, std::max<Index>(c.samples, 1));
}

}  // namespace dtheta::detail
