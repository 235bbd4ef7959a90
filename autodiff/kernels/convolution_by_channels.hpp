#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "autodiff/kernels/channel_panels.hpp"
#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/simd/lane_channels.hpp"
#include "autodiff/kernels/tap_groups.hpp"

namespace dtheta::detail {

/// y = conv(x, w), or the adjoint of that in x, with neighbouring channels of the result in a register.
template <class Groups, Direction direction>
class CorrelationByChannels {
 public:
  explicit CorrelationByChannels(const ConvolutionSize& size) : size_(size), groups_(size.window) {}

  static constexpr Index unit = 1;  // samples that are taken together

  [[nodiscard]] Index packed() const { return size_.groups * packed_group(); }
  [[nodiscard]] Index room() const {
    return frames() +
           2 * listed_at_once * std::min(channels_at_once, in_channel_blocks(to_channels()));
  }

  /// The weights of each group of channels, of taps, of at most channels_at_once results: a row of those
  /// for each operand's channel and tap.
  template <class T>
  void pack(const T* w, T* packed) const {
    for (Index g = 0; g < size_.groups; ++g, w += size_.w_size()) {
      for (Index k = 0; k < groups_.count(); ++k) {
        const TapGroup taps = groups_.group(k);
        for_each_panel(to_channels(),
                       [&](const Panel& p) { packed = pack_panel(taps, p, w, packed); });
      }
    }
  }

  template <class T>
  void run(const SampleRange& samples, const T* from, const T* packed, const T* bias, T* to,
           T* work) const {
    const Index in =
        from_channels() * groups_.frame.in[0] * groups_.frame.in[1] * groups_.frame.in[2];
    std::fill_n(work, frames(), T(0));
    for (Index n = samples.first; n < samples.first + samples.count; ++n) {
      for (Index g = 0; g < size_.groups; ++g) {
        const Index block = n * size_.groups + g;
        const T* x = from + block * in;
        if (!groups_.frame.is_plane()) {
          groups_.frame.copy(x, from_channels(), work);
          x = work;
        }
        const T* factors = packed + g * packed_group();
        for (Index k = 0; k < groups_.count(); ++k) {
          const TapGroup taps = groups_.group(k);
          for_each_panel(to_channels(), [&](const Panel& p) {
            panel(taps, p, factors, bias != nullptr ? bias + g * size_.out : nullptr, x,
                  to + block * to_channels() * plane(), work + frames());
            factors += from_channels() * taps.taps * p.width;
          });
        }
      }
    }
  }

 private:
  static constexpr bool forward = direction == Direction::forward;

  [[nodiscard]] Index from_channels() const { return forward ? size_.in : size_.out; }
  [[nodiscard]] Index to_channels() const { return forward ? size_.out : size_.in; }
  [[nodiscard]] Index plane() const {
    return forward ? size_.window.out_size() : size_.window.in_size();
  }
  [[nodiscard]] Index frames() const {
    return in_channel_blocks(from_channels() * groups_.frame.elements());
  }
  [[nodiscard]] Index packed_group() const {
    return from_channels() * size_.window.taps() * in_channel_blocks(to_channels());
  }
  template <class T>
  T* pack_panel(const TapGroup& g, const Panel& p, const T* w, T* packed) const {
    const Index taps = size_.window.taps();
    // (out, in, taps): from one result's channel, and from one operand's, to the next
    const Index step = forward ? size_.rows() : taps, other = forward ? taps : size_.rows();
    for (Index c = 0; c < from_channels(); ++c) {
      for (Index t = 0; t < g.taps; ++t, packed += p.width) {
        const T* at = w + c * other + p.first * step + g.tap[static_cast<std::size_t>(t)];
        for (Index i = 0; i < p.count; ++i) packed[i] = at[i * step];
        std::fill(packed + p.count, packed + p.width, T(0));
      }
    }
    return packed;
  }

  /// The results of a panel of channels at the positions of a group.
  template <class T>
  void panel(const TapGroup& g, const Panel& p, const T* factors, const T* bias, const T* operand,
             T* to, T* sums) const {
    T* const turned = sums + listed_at_once * p.width;
    std::array<std::ptrdiff_t, listed_at_once> read, write;
    std::size_t n = 0;
    const auto finish = [&] {
      for (std::size_t e = 0; e < n; ++e) {
        T* row = sums + static_cast<Index>(e) * p.width;
        if (bias == nullptr)
          std::fill_n(row, p.width, T(0));
        else
          std::copy_n(bias + p.first, p.count, row);
      }
      simd::add_lane_sums({.elements = std::span(read.data(), n),
                           .inner = g.offsets(),
                           .outer = static_cast<std::size_t>(from_channels()),
                           .outer_stride = groups_.frame.elements(),
                           .channels = static_cast<std::size_t>(p.width)},
                          operand, factors, sums);
      simd::turn({n, static_cast<std::size_t>(p.width), static_cast<std::size_t>(p.width),
                  static_cast<std::size_t>(listed_at_once)},
                 sums, turned);
      const bool run = write[n - 1] - write[0] == static_cast<std::ptrdiff_t>(n) - 1;
      for (Index c = 0; c < p.count; ++c) {
        const T* row = turned + c * listed_at_once;
        T* y = to + (p.first + c) * plane();
        if (run)
          std::copy_n(row, n, y + write[0]);
        else
          for (std::size_t e = 0; e < n; ++e) y[write[e]] = row[e];
      }
      n = 0;
    };
    for (Index z = 0; z < g.count[0]; ++z) {
      for (Index y = 0; y < g.count[1]; ++y) {
        for (Index x = 0; x < g.count[2]; ++x) {
          read[n] = g.read.at(z, y, x), write[n] = g.write.at(z, y, x);
          if (++n == static_cast<std::size_t>(listed_at_once)) finish();
        }
      }
    }
    if (n > 0) finish();
  }

  ConvolutionSize size_;
  Groups groups_;
};

using ForwardByChannels = CorrelationByChannels<ForwardGroups, Direction::forward>;
using AdjointByChannels = CorrelationByChannels<AdjointGroups, Direction::adjoint>;

}  // namespace dtheta::detail
