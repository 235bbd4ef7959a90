#pragma once

#include <algorithm>
#include <array>

#include "autodiff/kernels/im2col.hpp"
#include "autodiff/kernels/simd/convolution.hpp"
#include "autodiff/kernels/window.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// Planes, each in a frame of zeros, so that a window may move beyond their borders. With phases >
/// 1 a row of the frame is stored as its elements 0, phases, 2 phases, ..., then 1, 1 + phases,
/// ...: so the elements that neighbouring positions of a window meet are neighbours, whatever its
/// stride.
struct Frame {
  Window::PerAxis in;      // elements of a plane
  Window::PerAxis before;  // where its first element lies in the frame; negative if outside
  Window::PerAxis size;    // elements of the frame
  Index phases = 1;

  /// The frame that a window needs to move over x.
  static Frame under(const Window& w, Index phases = 1) {
    Frame f{w.in, w.before, {}, phases};
    for (std::size_t a = 0; a < Window::max_axes; ++a) {
      f.size[a] = (w.out[a] - 1) * w.stride[a] + (w.size[a] - 1) * w.dilation[a] + 1;
    }
    return f;
  }

  [[nodiscard]] Index phase() const { return (size[2] + phases - 1) / phases; }
  [[nodiscard]] Index row() const { return phases * phase(); }
  [[nodiscard]] Index elements() const { return size[0] * size[1] * row(); }
  [[nodiscard]] Index at(Index z, Index y, Index x) const {
    return (z * size[1] + y) * row() + x % phases * phase() + x / phases;
  }

  /// Whether a frame is the plane as it is.
  [[nodiscard]] bool is_plane() const {
    return size == in && before == Window::PerAxis{} && phases == 1;
  }

  /// Copies `count` planes into frames, which are zero where no plane lies.
  template <class T>
  void copy(const T* planes, Index count, T* frames) const {
    const Positions x = inside(2), y = inside(1), z = inside(0);
    for (Index p = 0; p < count; ++p, planes += in[0] * in[1] * in[2], frames += elements()) {
      for (Index k = z.first; k < z.last; ++k) {
        for (Index j = y.first; j < y.last; ++j) {
          const T* from = planes + (k * in[1] + j) * in[2];
          T* row_of_frame = frames + ((k + before[0]) * size[1] + j + before[1]) * row();
          if (phases == 1)
            copy_run(from + x.first, x.last - x.first, row_of_frame + x.first + before[2]);
          else
            deal(from, x, row_of_frame);
        }
      }
    }
  }

 private:
  /// Copies elements x of a row, each to its phase.
  template <class T>
  void deal(const T* from, const Positions& x, T* row_of_frame) const {
    const Index start = x.first + before[2];  // in the frame
    for (Index skip = 0; skip < std::min(phases, x.last - x.first); ++skip) {
      T* to = row_of_frame + (start + skip) % phases * phase() + (start + skip) / phases;
      for (Index i = x.first + skip; i < x.last; i += phases) *to++ = from[i];
    }
  }

  /// The elements of a plane that lie in the frame.
  [[nodiscard]] Positions inside(std::size_t axis) const {
    const Index first = std::max<Index>(0, -before[axis]);
    return {first, std::max(first, std::min(in[axis], size[axis] - before[axis]))};
  }
};

/// Calls visit(tap, k) for each tap of a window and its place along the axes.
template <class Visit>
void for_each_tap(const Window& w, Visit visit) {
  Index tap = 0;
  for (Index z = 0; z < w.size[0]; ++z) {
    for (Index y = 0; y < w.size[1]; ++y) {
      for (Index x = 0; x < w.size[2]; ++x, ++tap) visit(tap, Window::PerAxis{z, y, x});
    }
  }
}

/// A window over frames, for the loops in kernels/simd/convolution.hpp.
class FramedWindow {
 public:
  /// More taps than this are left to matrix products.
  static constexpr Index max_taps = 128;

  /// The window as it moves over x.
  static FramedWindow over_x(const Window& w) {
    return {w, Frame::under(w, w.stride[2]), w.out, w.stride};
  }
  /// The mirrored window as it moves over y, to meet for each element of x the positions that met
  /// it. The strides of w are 1.
  static FramedWindow over_y(const Window& w) {
    Frame f{w.out, {}, {}};
    for (std::size_t a = 0; a < Window::max_axes; ++a) {
      const Index reach = (w.size[a] - 1) * w.dilation[a];
      f.before[a] = reach - w.before[a];
      f.size[a] = w.in[a] + reach;
    }
    return {w, f, w.in, {1, 1, 1}};
  }

  [[nodiscard]] const Frame& frame() const { return frame_; }
  /// Elements that hold the frames of so many channels.
  [[nodiscard]] Index room(Index channels) const {
    return channels * frame_.elements() + static_cast<Index>(simd::correlation_slack);
  }
  /// Valid as long as this window is.
  [[nodiscard]] simd::Correlation correlation(Index channels) const {
    const auto n = [](Index i) { return static_cast<std::size_t>(i); };
    return {.taps = std::span(taps_.data(), n(tap_count_)),
            .channels = n(channels),
            .channel_stride = frame_.elements(),
            .planes = n(positions_[0]),
            .rows = n(positions_[1]),
            .columns = n(positions_[2]),
            .plane_stride = stride_[0] * frame_.size[1] * frame_.row(),
            .row_stride = stride_[1] * frame_.row()};
  }

 private:
  FramedWindow(const Window& w, const Frame& frame, const Window::PerAxis& positions,
               const Window::PerAxis& stride)
      : frame_(frame), positions_(positions), stride_(stride) {
    for_each_tap(w, [&](Index, const Window::PerAxis& k) {
      taps_[static_cast<std::size_t>(tap_count_++)] =
          frame.at(k[0] * w.dilation[0], k[1] * w.dilation[1], k[2] * w.dilation[2]);
    });
  }

  Frame frame_;
  Window::PerAxis positions_, stride_;
  std::array<std::ptrdiff_t, max_taps> taps_{};
  Index tap_count_ = 0;
};

}  // namespace dtheta::detail
