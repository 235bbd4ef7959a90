#pragma once

#include <algorithm>

#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/frame.hpp"
#include "autodiff/kernels/simd/convolution.hpp"

namespace dtheta::detail {

/// y = conv(x, w), or the adjoint of that in x for a window whose stride is 1, with neighbouring positions
/// in a register.
class CorrelationByPositions {
 public:
  CorrelationByPositions(const ConvolutionSize& size, Direction direction)
      : size_(size),
        forward_(direction == Direction::forward),
        over_(forward_ ? FramedWindow::over_x(size.window) : FramedWindow::over_y(size.window)) {}

  /// Samples that are taken together.
  static constexpr Index unit = 1;

  /// Elements of the weights as they are read here.
  [[nodiscard]] Index packed() const { return size_.groups * size_.w_size(); }
  /// Elements that run() works with.
  [[nodiscard]] Index room() const { return over_.room(from_channels()); }

  template <class T>
  void pack(const T* w, T* packed) const {
    for (Index g = 0; g < size_.groups; ++g, w += size_.w_size(), packed += size_.w_size()) {
      forward_ ? pack_forward(w, packed) : pack_mirrored(w, packed);
    }
  }

  /// The results of some samples from the operands of all; `bias` may be null.
  template <class T>
  void run(const SampleRange& samples, const T* from, const T* packed, const T* bias, T* to,
           T* frames) const {
    const Index in = from_channels(), out = forward_ ? size_.out : size_.in;
    const Index in_size = forward_ ? size_.window.in_size() : size_.window.out_size();
    const Index out_size = forward_ ? size_.window.out_size() : size_.window.in_size();
    const simd::Correlation c = over_.correlation(in);
    std::fill_n(frames, room(), T(0));
    for (Index g = 0; g < size_.groups; ++g) {
      for (Index n = samples.first; n < samples.first + samples.count; ++n) {
        const Index block = n * size_.groups + g;
        const T* x = from + block * in * in_size;
        const Index behind = (size_.samples * size_.groups - block - 1) * in * in_size;
        const bool in_place =
            over_.frame().is_plane() && behind >= static_cast<Index>(simd::correlation_slack);
        if (!in_place) {
          over_.frame().copy(x, in, frames);
          x = frames;
        }
        simd::correlate(c, static_cast<std::size_t>(out), x, packed + g * size_.w_size(),
                        bias != nullptr ? bias + g * out : nullptr, to + block * out * out_size);
      }
    }
  }

 private:
  [[nodiscard]] Index from_channels() const { return forward_ ? size_.in : size_.out; }

  /// From (out, terms).
  template <class T>
  void pack_forward(const T* w, T* packed) const {
    const auto terms = static_cast<std::size_t>(size_.rows());
    simd::pack_correlation(
        terms, static_cast<std::size_t>(size_.out), [&](std::size_t t) { return w + t; }, terms,
        packed);
  }
  /// From (out, in, taps): terms are those of out and taps, mirrored.
  template <class T>
  void pack_mirrored(const T* w, T* packed) const {
    const auto taps = static_cast<std::size_t>(size_.window.taps()),
               in = static_cast<std::size_t>(size_.in);
    simd::pack_correlation(
        static_cast<std::size_t>(size_.out) * taps, in,
        [&](std::size_t t) { return w + t / taps * in * taps + taps - 1 - t % taps; }, taps,
        packed);
  }

  ConvolutionSize size_;
  bool forward_;
  FramedWindow over_;
};

/// The adjoint of conv(x, .), with neighbouring positions in a register.
class WeightsByPositions {
 public:
  explicit WeightsByPositions(const ConvolutionSize& size)
      : size_(size), over_(FramedWindow::over_x(size.window)) {}

  /// Elements that add() works with for so many channels of x at a time.
  [[nodiscard]] Index room(Index channels) const {
    const simd::Correlation c = over_.correlation(channels);
    return frames(channels) +
           static_cast<Index>(lane_sums(c, out()) +
                              weights_work(c, {in_size(samples_at_once(size_))}));
  }

  /// w += the sums over some samples, for the weights of some channels of x.
  template <class T>
  void add(const SampleRange& samples, const ChannelRange& channels, const T* x, const T* y, T* w,
           T* work) const {
    const Window& window = size_.window;
    const simd::Correlation c = over_.correlation(channels.count);
    const Index most = samples_at_once(size_), stride = channels.count * over_.frame().elements();
    T *const sums = work + frames(channels.count), *const packed = sums + lane_sums(c, out());
    std::fill(work, packed, T(0));
    const Index end = samples.first + samples.count;
    x += (channels.group * size_.in + channels.first) * window.in_size();
    y += channels.group * size_.out * window.out_size();
    for (Index n = samples.first; n < end; n += most) {
      const Index count = std::min(most, end - n);
      for (Index i = 0; i < count; ++i) {
        over_.frame().copy(x + (n + i) * size_.x_size(), channels.count, work + i * stride);
      }
      simd::correlate_weights(c, out(),
                              {.count = static_cast<std::size_t>(count),
                               .x_stride = static_cast<std::size_t>(stride),
                               .y_stride = static_cast<std::size_t>(size_.y_size())},
                              work, y + n * size_.y_size(), sums, packed);
    }
    simd::add_totals(c, out(), sums,
                     {w + channels.group * size_.w_size() + channels.first * window.taps(),
                      static_cast<std::size_t>(size_.rows())});
  }

 private:
  [[nodiscard]] std::size_t out() const { return in_size(size_.out); }
  [[nodiscard]] Index frames(Index channels) const {
    return over_.room(channels * samples_at_once(size_));
  }

  ConvolutionSize size_;
  FramedWindow over_;
};

}  // namespace dtheta::detail
