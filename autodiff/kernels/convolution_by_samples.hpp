#pragma once

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "autodiff/kernels/channel_panels.hpp"
#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/frame.hpp"
#include "autodiff/kernels/simd/lane_channels.hpp"

namespace dtheta::detail {

/// Where the taps of a window along one axis meet elements of the operand, for one place of the result.
struct Meetings {
  std::array<Index, FramedWindow::max_taps> tap, element;
  Index count = 0;

  Meetings(const Window& w, std::size_t axis, Index place, Direction direction) {
    const Index stride = w.stride[axis], step = w.dilation[axis];
    const bool forward = direction == Direction::forward;
    const Index start = forward ? place * stride - w.before[axis] : place + w.before[axis];
    for (Index k = 0; k < w.size[axis]; ++k) {
      // y[o] = sum of x[o * stride + k * step - before]
      Index at = forward ? start + k * step : start - k * step;
      if (!forward && stride > 1) {
        if (at % stride != 0) continue;
        at /= stride;
      }
      if (at < 0 || at >= (forward ? w.in : w.out)[axis]) continue;
      const auto i = static_cast<std::size_t>(count++);
      tap[i] = k, element[i] = at;
    }
  }
};

/// y = conv(x, w), or the adjoint of that in x, with the same element of neighbouring samples in a
/// register. Every product that is computed is needed, whatever the padding, the stride and the length of
/// rows; but all that goes in and comes out has to be turned.
class CorrelationBySamples {
 public:
  CorrelationBySamples(const ConvolutionSize& size, Direction direction)
      : size_(size), direction_(direction) {}

  static constexpr Index unit = 32;  // samples that are taken together, at most

  /// Whether there are enough channels to hide the latency of a sum, not too many to be listed, and all
  /// fits a second-level cache.
  [[nodiscard]] bool fits() const {
    constexpr Index fewest_channels = 4, cached = Index{1} << 17;
    return to_channels() >= fewest_channels && to_channels() <= listed_at_once &&
           unit * (from_size() + to_size()) <= cached;
  }
  /// What a sample takes, in products, where a part of its registers is of use: turning an element takes
  /// as long as some products.
  [[nodiscard]] double cost(double filled) const {
    constexpr double turning = 16;
    return static_cast<double>(from_channels() * to_channels() * meetings(size_.window)) / filled +
           turning * static_cast<double>(from_size() + to_size());
  }

  [[nodiscard]] Index packed() const { return size_.groups * size_.w_size(); }
  [[nodiscard]] Index room() const { return unit * (from_size() + to_size() + listed_at_once); }

  /// (out, in, taps) to (operand's channels, taps, result's channels), for each group.
  template <class T>
  void pack(const T* w, T* packed) const {
    const Index taps = size_.window.taps(), from = from_channels(), to = to_channels();
    const Index of_from = forward() ? taps : size_.rows(), of_to = forward() ? size_.rows() : taps;
    for (Index g = 0; g < size_.groups; ++g, w += size_.w_size()) {
      for (Index c = 0; c < from; ++c) {
        for (Index k = 0; k < taps; ++k) {
          for (Index r = 0; r < to; ++r) *packed++ = w[c * of_from + r * of_to + k];
        }
      }
    }
  }

  template <class T>
  void run(const SampleRange& samples, const T* from, const T* packed, const T* bias, T* to,
           T* work) const {
    T* const turned = work + unit * to_size();
    T* const rows = turned + unit * from_size();
    const Index end = samples.first + samples.count;
    for (Index n = samples.first; n < end; n += unit) {
      const Index count = std::min(unit, end - n), width = in_channel_blocks(count);
      for (Index g = 0; g < size_.groups; ++g) {
        const T* x = from + (n * size_.groups + g) * from_size();
        simd::turn({in_size(count), in_size(from_size()), in_size(size_.groups * from_size()),
                    in_size(width)},
                   x, turned);
        start_from(bias != nullptr ? bias + g * size_.out : nullptr, width, work);
        add_all(turned, packed + g * size_.w_size(), width, work);
        turn_back(work, count, width, rows, to + (n * size_.groups + g) * to_size());
      }
    }
  }

 private:
  static Index product(const Window::PerAxis& n) { return n[0] * n[1] * n[2]; }

  [[nodiscard]] bool forward() const { return direction_ == Direction::forward; }
  [[nodiscard]] Index from_channels() const { return forward() ? size_.in : size_.out; }
  [[nodiscard]] Index to_channels() const { return forward() ? size_.out : size_.in; }
  [[nodiscard]] const Window::PerAxis& from_places() const {
    return forward() ? size_.window.in : size_.window.out;
  }
  [[nodiscard]] const Window::PerAxis& to_places() const {
    return forward() ? size_.window.out : size_.window.in;
  }
  [[nodiscard]] Index from_size() const { return from_channels() * product(from_places()); }
  [[nodiscard]] Index to_size() const { return to_channels() * product(to_places()); }

  template <class T>
  void start_from(const T* bias, Index width, T* sums) const {
    const Index plane = product(to_places()) * width;
    for (Index c = 0; c < to_channels(); ++c, sums += plane) {
      std::fill_n(sums, plane, bias != nullptr ? bias[c] : T(0));
    }
  }

  /// `operand` and `sums` have a row of `width` samples for each element.
  template <class T>
  void add_all(const T* operand, const T* weights, Index width, T* sums) const {
    const Window::PerAxis &in = from_places(), &places = to_places(), &size = size_.window.size;
    std::array<std::ptrdiff_t, listed_at_once> channels;
    std::iota(channels.begin(), channels.end(), 0);
    std::array<std::ptrdiff_t, FramedWindow::max_taps> weight, element;
    for (Index z = 0; z < places[0]; ++z) {
      const Meetings along_z(size_.window, 0, z, direction_);
      for (Index y = 0; y < places[1]; ++y) {
        const Meetings along_y(size_.window, 1, y, direction_);
        for (Index x = 0; x < places[2]; ++x, sums += width) {
          const Meetings along_x(size_.window, 2, x, direction_);
          std::size_t n = 0;
          for_each(along_z, [&](Index kz, Index ez) {
            for_each(along_y, [&](Index ky, Index ey) {
              for_each(along_x, [&](Index kx, Index ex) {
                weight[n] = ((kz * size[1] + ky) * size[2] + kx) * to_channels();
                element[n++] = ((ez * in[1] + ey) * in[2] + ex) * width;
              });
            });
          });
          simd::add_lane_sums({.elements = std::span(channels.data(), in_size(to_channels())),
                               .inner = std::span(weight.data(), n),
                               .outer = in_size(from_channels()),
                               .outer_stride = size_.window.taps() * to_channels(),
                               .channels = in_size(width),
                               .sums_stride = in_size(product(places) * width),
                               .rows = {std::span(element.data(), n), product(in) * width}},
                              weights, operand, sums);
        }
      }
    }
  }
  template <class Visit>
  static void for_each(const Meetings& m, Visit visit) {
    for (std::size_t i = 0; i < in_size(m.count); ++i) visit(m.tap[i], m.element[i]);
  }

  /// Each sample's elements side by side: whole blocks of them to where they belong, the rest by way of `rows`.
  template <class T>
  void turn_back(const T* sums, Index count, Index width, T* rows, T* to) const {
    const Index stride = size_.groups * to_size();
    const Index whole = to_size() - to_size() % static_cast<Index>(simd::channel_block);
    for (Index e = 0; e < whole; e += listed_at_once) {
      const Index some = std::min(listed_at_once, whole - e);
      simd::turn({in_size(some), in_size(count), in_size(width), in_size(stride)}, sums + e * width,
                 to + e);
    }
    if (whole == to_size()) return;
    const Index rest = to_size() - whole;
    simd::turn({in_size(rest), in_size(count), in_size(width), in_size(listed_at_once)},
               sums + whole * width, rows);
    for (Index i = 0; i < count; ++i) {
      std::copy_n(rows + i * listed_at_once, rest, to + i * stride + whole);
    }
  }

  ConvolutionSize size_;
  Direction direction_;
};

}  // namespace dtheta::detail
