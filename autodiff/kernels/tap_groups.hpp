#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "autodiff/kernels/frame.hpp"

namespace dtheta::detail {

/// Offsets of a grid of places: a step for each axis from a first one.
struct Grid {
  Index first = 0;
  Window::PerAxis step{};

  [[nodiscard]] Index at(Index z, Index y, Index x) const {
    return first + z * step[0] + y * step[1] + x * step[2];
  }
};

/// Some positions of results, the taps that meet elements there, and where both are.
struct TapGroup {
  Window::PerAxis count{};  // positions
  Grid read, write;         // where the taps' offsets start in a frame; where the result is
  std::array<Index, FramedWindow::max_taps> tap{};              // of the window
  std::array<std::ptrdiff_t, FramedWindow::max_taps> offset{};  // of its element in a frame
  Index taps = 0;
  Index run = 1;  // each offset is one more than the one before, but for the first of so many

  [[nodiscard]] std::span<const std::ptrdiff_t> offsets() const {
    return {offset.data(), static_cast<std::size_t>(taps)};
  }
  void add(Index which, Index at) {
    tap[static_cast<std::size_t>(taps)] = which;
    offset[static_cast<std::size_t>(taps)] = at;
    ++taps;
  }
  /// Once all taps are there.
  void find_run() {
    const auto follows = [&](Index t) {
      const auto i = static_cast<std::size_t>(t);
      return offset[i] == offset[i - 1] + 1;
    };
    Index length = 1;
    while (length < taps && follows(length)) ++length;
    for (Index t = length; t < taps; ++t) {
      if (t % length != 0 && !follows(t)) return;
    }
    if (taps % length == 0) run = length;
  }
};

/// The groups of a window that moves over x: one, of all positions and all taps.
struct ForwardGroups {
  explicit ForwardGroups(const Window& w) : window(w), frame(Frame::under(w)) {}
  [[nodiscard]] static Index count() { return 1; }
  [[nodiscard]] TapGroup group(Index /*which*/) const {
    const Window& w = window;
    TapGroup g;
    g.count = w.out;
    g.read.step = {w.stride[0] * frame.size[1] * frame.size[2], w.stride[1] * frame.size[2],
                   w.stride[2]};
    g.write.step = {w.out[1] * w.out[2], w.out[2], 1};
    for_each_tap(w, [&](Index tap, const Window::PerAxis& k) {
      g.add(tap, frame.at(k[0] * w.dilation[0], k[1] * w.dilation[1], k[2] * w.dilation[2]));
    });
    g.find_run();
    return g;
  }

  const Window& window;
  Frame frame;
};

/// The groups of its adjoint, over y. Along an axis element i of x meets tap k at position
///   o = (i + before - k * dilation) / stride,
/// where that is whole: elements with the same remainder of (i + before) / stride meet the same taps.
/// With q = (i + before) / stride and s = k * dilation / stride, both rounded down, o = q - s.
struct AdjointGroups {
  explicit AdjointGroups(const Window& w) : window(w), frame{w.out, {}, {}} {
    for (std::size_t a = 0; a < Window::max_axes; ++a) {
      const Index reach = (w.size[a] - 1) * w.dilation[a] / w.stride[a];
      const Index least = w.before[a] / w.stride[a];  // q of the first element
      const Index most = (w.in[a] - 1 + w.before[a]) / w.stride[a];
      frame.before[a] = reach - least;
      frame.size[a] = most - least + reach + 1;
    }
  }
  [[nodiscard]] Index count() const {
    return window.stride[0] * window.stride[1] * window.stride[2];
  }
  [[nodiscard]] TapGroup group(Index which) const {
    const Window& w = window;
    const Window::PerAxis remainder{which / (w.stride[1] * w.stride[2]),
                                    which / w.stride[2] % w.stride[1], which % w.stride[2]};
    const Window::PerAxis in_frame{frame.size[1] * frame.size[2], frame.size[2], 1};
    const Window::PerAxis in_x{w.in[1] * w.in[2], w.in[2], 1};
    TapGroup g;
    for (std::size_t a = 0; a < Window::max_axes; ++a) {
      const Index stride = w.stride[a];
      const Index i = ((remainder[a] - w.before[a]) % stride + stride) % stride;  // the first one
      g.count[a] = i < w.in[a] ? (w.in[a] - 1 - i) / stride + 1 : 0;
      g.read.step[a] = in_frame[a];
      g.read.first += ((i + w.before[a]) / stride + frame.before[a]) * in_frame[a];
      g.write.step[a] = stride * in_x[a];
      g.write.first += i * in_x[a];
    }
    for_each_tap(w, [&](Index tap, const Window::PerAxis& k) {
      Index back = 0;
      for (std::size_t a = 0; a < Window::max_axes; ++a) {
        const Index at = k[a] * w.dilation[a];
        if (at % w.stride[a] != remainder[a]) return;
        back += at / w.stride[a] * in_frame[a];
      }
      g.add(tap, -back);
    });
    // From the last to the first: so their elements follow each other.
    std::reverse(g.tap.begin(), g.tap.begin() + g.taps);
    std::reverse(g.offset.begin(), g.offset.begin() + g.taps);
    g.find_run();
    return g;
  }

  const Window& window;
  Frame frame;
};

}  // namespace dtheta::detail
