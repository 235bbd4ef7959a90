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
    const TapGroup first = groups_.group(0);  // often the only one
    for (Index n = samples.first; n < samples.first + samples.count; ++n) {
      for (Index g = 0; g < size_.groups; ++g) {
        const Index block = n * size_.groups + g;
        const T* x = from + block * in;
        if (!groups_.frame.is_plane()) {
          groups_.frame.copy(x, from_channels(), work);
          x = work;
        }
        const T* factors = packed + g * packed_group();
        const auto add = [&](const TapGroup& taps) {
          for_each_panel(to_channels(), [&](const Panel& p) {
            panel(taps, p, factors, bias != nullptr ? bias + g * size_.out : nullptr, x,
                  to + block * to_channels() * plane(), work + frames());
            factors += from_channels() * taps.taps * p.width;
          });
        };
        add(first);
        for (Index k = 1; k < groups_.count(); ++k) add(groups_.group(k));
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
    std::array<T, channels_at_once> start{};
    if (bias != nullptr) std::copy_n(bias + p.first, p.count, start.begin());
    std::array<std::ptrdiff_t, listed_at_once> read, write;
    Index n = 0;
    const Index columns = g.count[2], run = std::min(columns, listed_at_once);
    const auto finish = [&] {
      repeat(start.data(), p.width, n, sums);
      // Whole rows, or a part of one.
      const bool neighbours = g.read.step[2] == 1;
      simd::add_lane_sums({.elements = std::span(read.data(), in_size(n)),
                           .inner = g.offsets(),
                           .outer = in_size(from_channels()),
                           .outer_stride = groups_.frame.elements(),
                           .channels = in_size(p.width),
                           .element_run = neighbours ? in_size(std::min(run, n)) : 1,
                           .inner_run = in_size(g.run)},
                          operand, factors, sums);
      simd::turn({in_size(n), in_size(p.width), in_size(p.width), in_size(listed_at_once)}, sums,
                 turned);
      write_rows(turned, std::span(write.data(), in_size(n)), p, to);
      n = 0;
    };
    for (Index z = 0; z < g.count[0]; ++z) {
      for (Index y = 0; y < g.count[1]; ++y) {
        for (Index x = 0; x < columns; x += run) {
          const Index some = std::min(run, columns - x);
          if (n > 0 && (some < run || n + some > listed_at_once)) finish();
          const Index from = g.read.at(z, y, x), into = g.write.at(z, y, x);
          for (Index i = 0; i < some; ++i) {
            read[in_size(n + i)] = from + i * g.read.step[2];
            write[in_size(n + i)] = into + i * g.write.step[2];
          }
          n += some;
          if (some < run) finish();
        }
      }
    }
    if (n > 0) finish();
  }

  /// `count` copies of a row of whole channel blocks.
  template <class T>
  static void repeat(const T* row, Index width, Index count, T* rows) {
    constexpr auto block = static_cast<Index>(simd::channel_block);
    for (Index e = 0; e < count; ++e) {
      for (Index b = 0; b < width; b += block, rows += block) std::copy_n(row + b, block, rows);
    }
  }

  /// A panel's channels, `listed_at_once` elements apart, to where their elements belong.
  template <class T>
  void write_rows(const T* rows, std::span<const std::ptrdiff_t> write, const Panel& p,
                  T* to) const {
    const bool run = write.back() - write.front() == static_cast<std::ptrdiff_t>(write.size()) - 1;
    to += p.first * plane();
    for (Index c = 0; c < p.count; ++c, rows += listed_at_once, to += plane()) {
      if (run)
        std::copy_n(rows, write.size(), to + write.front());
      else
        for (std::size_t e = 0; e < write.size(); ++e) to[write[e]] = rows[e];
    }
  }

  ConvolutionSize size_;
  Groups groups_;
};

using ForwardByChannels = CorrelationByChannels<ForwardGroups, Direction::forward>;
using AdjointByChannels = CorrelationByChannels<AdjointGroups, Direction::adjoint>;

}  // namespace dtheta::detail
