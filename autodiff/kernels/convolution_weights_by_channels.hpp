#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "autodiff/kernels/channel_panels.hpp"
#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/simd/lane_channels.hpp"
#include "autodiff/kernels/tap_groups.hpp"

namespace dtheta::detail {

/// The adjoint of conv(x, .), with neighbouring channels of y in a register.
class WeightsByChannels {
 public:
  explicit WeightsByChannels(const ConvolutionSize& size) : size_(size), groups_(size.window) {}

  /// Elements that add() works with for so many channels of x at a time.
  [[nodiscard]] Index room(Index channels) const {
    return frames(channels) + summed_at_once * channels_at_once + sums(channels);
  }

  /// w += the sums over some samples, for the weights of some channels of x.
  template <class T>
  void add(const SampleRange& samples, const ChannelRange& channels, const T* x, const T* y, T* w,
           T* work) const {
    const Window& window = size_.window;
    const Index most = samples_at_once(size_), terms = channels.count * window.taps();
    T *const packed = work + frames(channels.count), *const all =
                                                         packed + summed_at_once * channels_at_once;
    std::fill_n(work, frames(channels.count), T(0));
    std::fill_n(all, sums(channels.count), T(0));
    const TapGroup taps = groups_.group(0);
    x += (channels.group * size_.in + channels.first) * window.in_size();
    y += channels.group * size_.out * window.out_size();
    const Index end = samples.first + samples.count;
    for (Index n = samples.first; n < end; n += most) {
      const Index count = std::min(most, end - n);
      const T* elements = x + n * size_.x_size();
      Index stride = size_.x_size();
      if (!groups_.frame.is_plane()) {
        stride = channels.count * groups_.frame.elements();
        for (Index i = 0; i < count; ++i) {
          groups_.frame.copy(elements + i * size_.x_size(), channels.count, work + i * stride);
        }
        elements = work;
      }
      for_each_panel(size_.out, [&](const Panel& p) {
        const Block<T> block{taps, p, channels.count, stride, packed, all + p.first * terms};
        add_samples(block, count, y + n * size_.y_size(), elements);
      });
    }
    w += channels.group * size_.w_size() + channels.first * window.taps();
    for_each_panel(size_.out, [&](const Panel& p) {
      const T* from = all + p.first * terms;
      for (Index c = 0; c < p.count; ++c) {
        T* row = w + (p.first + c) * size_.rows();
        for (Index t = 0; t < terms; ++t) row[t] += from[t * p.width + c];
      }
    });
  }

 private:
  /// Positions that are summed over in one go: those of y, and of x, stay in the cache for all terms.
  static constexpr Index summed_at_once = 2 * listed_at_once;
  /// Of a panel of few channels twice as many take less room.
  [[nodiscard]] static Index summed(const Panel& p) {
    return (2 * p.width <= channels_at_once ? 2 : 1) * summed_at_once;
  }

  /// What is summed for a panel of channels of y.
  template <class T>
  struct Block {
    const TapGroup& taps;
    Panel panel;
    Index channels;  // of x
    Index stride;    // from one sample of x to the next
    T* packed;       // channels of y for each position
    T* sums;         // and for each term
  };

  [[nodiscard]] Index frames(Index channels) const {
    return in_channel_blocks(samples_at_once(size_) * channels * groups_.frame.elements());
  }
  [[nodiscard]] Index sums(Index channels) const {
    return channels * size_.window.taps() * in_channel_blocks(size_.out);
  }

  /// Sums over samples in frames: a few whole rows of some of them at a time, or runs along the last axis.
  template <class T>
  void add_samples(const Block<T>& block, Index samples, const T* y, const T* x) const {
    constexpr Index short_row = 16;
    const Index plane = size_.window.out_size(), columns = size_.window.out[2];
    y += block.panel.first * plane;
    if (plane <= listed_at_once || columns <= short_row) {
      const Index rows = plane / columns, most = std::min(rows, listed_at_once / columns);
      for (Index row = 0; row < rows; row += most) {
        add_rows(block, row, std::min(most, rows - row), samples, y + row * columns, x);
      }
    } else {
      for (Index n = 0; n < samples; ++n)
        add_runs(block, y + n * size_.y_size(), x + n * block.stride);
    }
  }
  /// Those of each plane that begin with row `first`.
  template <class T>
  void add_rows(const Block<T>& block, Index first, Index rows, Index samples, const T* y,
                const T* x) const {
    const TapGroup& taps = block.taps;
    std::array<std::ptrdiff_t, listed_at_once> inner;
    std::size_t n = 0;
    for (Index row = first; row < first + rows; ++row) {
      for (Index column = 0; column < taps.count[2]; ++column)
        inner[n++] = taps.read.at(row / taps.count[1], row % taps.count[1], column);
    }
    const auto positions = static_cast<Index>(n);
    const Index most = summed(block.panel) / positions;
    for (Index k = 0; k < samples; k += most) {
      const Index count = std::min(most, samples - k);
      for (Index i = 0; i < count; ++i) {
        turn(block, y + (k + i) * size_.y_size(), positions, i * positions);
      }
      add_terms(block, std::span(inner.data(), n), count, block.stride, x + k * block.stride);
    }
  }
  template <class T>
  void add_runs(const Block<T>& block, const T* y, const T* x) const {
    const TapGroup& taps = block.taps;
    const Index columns = taps.count[2], rows = taps.count[1];
    for (Index first = 0; first < columns; first += listed_at_once) {
      const Index run = std::min(listed_at_once, columns - first), most = summed(block.panel) / run;
      std::array<std::ptrdiff_t, listed_at_once> inner;
      for (Index i = 0; i < run; ++i)
        inner[static_cast<std::size_t>(i)] = taps.read.at(0, 0, first + i);
      for (Index z = 0; z < taps.count[0]; ++z) {
        for (Index row = 0; row < rows; row += most) {
          const Index count = std::min(most, rows - row);
          for (Index i = 0; i < count; ++i) {
            turn(block, y + (z * rows + row + i) * columns + first, run, i * run);
          }
          add_terms(block, std::span(inner.data(), in_size(run)), count, taps.read.step[1],
                    x + taps.read.at(z, row, 0));
        }
      }
    }
  }

  /// The panel's channels of y at positions that follow each other, from `at` on in `packed`.
  template <class T>
  void turn(const Block<T>& block, const T* y, Index positions, Index at) const {
    simd::turn({.rows = static_cast<std::size_t>(block.panel.count),
                .length = static_cast<std::size_t>(positions),
                .x_stride = static_cast<std::size_t>(size_.window.out_size()),
                .out_stride = static_cast<std::size_t>(block.panel.width)},
               y, block.packed + at * block.panel.width);
  }

  template <class T>
  void add_terms(const Block<T>& block, std::span<const std::ptrdiff_t> inner, Index outer,
                 Index outer_stride, const T* x) const {
    std::array<std::ptrdiff_t, listed_at_once> elements;
    std::size_t n = 0;
    T* sums = block.sums;
    const Index run = block.taps.run, most = listed_at_once / run * run;
    // Of positions there are whole rows, or a part of one.
    const std::size_t row = std::min(inner.size(), in_size(block.taps.count[2]));
    const bool neighbours = block.taps.read.step[2] == 1;
    const auto finish = [&] {
      simd::add_lane_sums({.elements = std::span(elements.data(), n),
                           .inner = inner,
                           .outer = in_size(outer),
                           .outer_stride = outer_stride,
                           .channels = in_size(block.panel.width),
                           .element_run = in_size(run),
                           .inner_run = neighbours ? row : 1},
                          x, block.packed, sums);
      sums += static_cast<Index>(n) * block.panel.width;
      n = 0;
    };
    for (Index c = 0; c < block.channels; ++c) {
      for (const std::ptrdiff_t offset : block.taps.offsets()) {
        elements[n] = c * groups_.frame.elements() + offset;
        if (++n == in_size(most)) finish();
      }
    }
    if (n > 0) finish();
  }

  ConvolutionSize size_;
  ForwardGroups groups_;
};

}  // namespace dtheta::detail
