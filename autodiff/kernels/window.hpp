#pragma once

#include <algorithm>
#include <array>

#include "autodiff/shape.hpp"

namespace dtheta {

/// A window that moves over up to three spatial axes. The axes in use stand at the back of each
/// array; those in front are trivial (one element, one position).
struct Window {
  static constexpr int max_axes = 3;
  using PerAxis = std::array<Index, max_axes>;

  int axes = 0;
  PerAxis in{1, 1, 1};      // elements of the operand
  PerAxis out{1, 1, 1};     // positions of the window
  PerAxis size{1, 1, 1};    // taps of the window
  PerAxis stride{1, 1, 1};  // elements from one position to the next
  PerAxis before{};         // padding in front of the first element
  PerAxis after{};          // and behind the last
  PerAxis dilation{1, 1, 1};
  bool adaptive = false;  // positions divide `in` evenly; size, stride and padding are not used

  friend constexpr bool operator==(const Window&, const Window&) = default;

  [[nodiscard]] Index in_size() const { return in[0] * in[1] * in[2]; }
  [[nodiscard]] Index out_size() const { return out[0] * out[1] * out[2]; }
  [[nodiscard]] Index taps() const { return size[0] * size[1] * size[2]; }

  /// True when the window is one element at each element of the operand.
  [[nodiscard]] bool is_pointwise() const {
    return taps() == 1 && in == out && stride == PerAxis{1, 1, 1} && before == PerAxis{};
  }
};

/// Positions [first, last) of a window along an axis.
struct Positions {
  Index first = 0;
  Index last = 0;
};

/// The positions at which tap k of an axis lies inside the operand.
[[nodiscard]] inline Positions positions_inside(const Window& w, std::size_t axis, Index k) {
  const Index shift = k * w.dilation[axis] - w.before[axis], step = w.stride[axis];
  const Index behind = w.in[axis] - shift;  // elements from tap k at position 0 to the end
  const Index first = shift >= 0 ? 0 : (-shift + step - 1) / step;
  const Index last = behind <= 0 ? 0 : std::min(w.out[axis], (behind + step - 1) / step);
  return {std::min(first, last), last};
}

/// How often a tap of the window meets an element, over all positions.
[[nodiscard]] inline Index meetings(const Window& w) {
  Index product = 1;
  for (std::size_t a = 0; a < Window::max_axes; ++a) {
    Index along = 0;
    for (Index k = 0; k < w.size[a]; ++k) {
      const Positions p = positions_inside(w, a, k);
      along += p.last - p.first;
    }
    product *= along;
  }
  return product;
}

/// The taps inside the operand when the window is at position o of an axis: `count` elements from
/// `first`, `step` apart. `padded` counts those in the padding, too.
struct Taps {
  Index first = 0;
  Index count = 0;
  Index step = 1;
  Index padded = 0;

  Taps(const Window& w, std::size_t axis, Index o) {
    const Index n = w.in[axis];
    if (w.adaptive) {
      first = o * n / w.out[axis];
      padded = count = ((o + 1) * n + w.out[axis] - 1) / w.out[axis] - first;
      return;
    }
    step = w.dilation[axis];
    const Index start = o * w.stride[axis] - w.before[axis];
    if (start >= 0 && start + (w.size[axis] - 1) * step < n) {  // the usual case: no division
      first = start;
      padded = count = w.size[axis];
      return;
    }
    const Index skipped = start >= 0 ? 0 : (-start + step - 1) / step;
    const auto taps_below = [&](Index end) {
      return end <= start ? 0 : std::min(w.size[axis], (end - start + step - 1) / step);
    };
    first = start + skipped * step;
    count = std::max<Index>(taps_below(n) - skipped, 0);
    padded = taps_below(n + w.after[axis]);
  }
};

}  // namespace dtheta
