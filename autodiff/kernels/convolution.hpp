#pragma once

#include <algorithm>

#include "autodiff/kernels/direct_convolution.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/im2col.hpp"
#include "autodiff/kernels/parallel.hpp"

namespace dtheta::detail {

/// A convolution of x (samples, groups * in, elements) with w (groups * out, in, taps), which gives
/// y (samples, groups * out, positions). For each group it is a matrix product:
///   y = w . col,  where col = im2col(x) has in * taps rows and a column for each position.
/// The columns are made and used a part at a time, so that they stay in cache. Unless there are
/// very many channels, making them costs more than it gains: there sums run over the elements where
/// they are (kernels/simd/convolution.hpp).
struct Convolution {
  const Window& window;
  Index groups = 1;
  Index samples = 0;
  Index in = 0;   // channels of x in a group
  Index out = 0;  // channels of y in a group

  [[nodiscard]] Index rows() const { return in * window.taps(); }
  [[nodiscard]] Index x_size() const { return groups * in * window.in_size(); }
  [[nodiscard]] Index y_size() const { return groups * out * window.out_size(); }
  [[nodiscard]] Index w_size() const { return out * rows(); }  // of a group

  /// Elements of scratch that each of the kernels below needs.
  [[nodiscard]] std::size_t scratch() const {
    const WindowRows part = largest_part();
    const Index by_products = (rows() + out) * part.columns(window);
    return static_cast<std::size_t>(std::max(by_products, shares() * scratch_of_share()));
  }

  /// y = conv(x, w) + bias, which may be null
  template <class T>
  void forward(const T* x, const T* w, const T* bias, T* y, T* work,
               const Parallel* parallel = nullptr) const {
    if constexpr (Vectorized<T>) {
      if (sums_over_x()) {
        return for_each_share(
            shares(), parallel, work, [&](const Convolution& share, Index first, T* own) {
              share.forward_by_sums(x + first * x_size(), w, bias, y + first * y_size(), own);
            });
      }
    }
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool direct = is_sample(part);
      const Index n = part.columns(window);
      T* result = direct ? y_of(y, g, part) : matrix;
      if (bias != nullptr) {
        for (Index o = 0; o < out; ++o) std::fill_n(result + o * n, n, bias[g * out + o]);
      }
      gemm({out, n, rows(), false, false, bias != nullptr}, w + g * w_size(),
           columns(x, g, part, col), result);
      if (!direct) {
        for_each_run(g, part, [&](Index at, Index in_matrix, Index run) {
          std::copy_n(matrix + in_matrix, run, y + at);
        });
      }
    });
  }

  /// x = the adjoint of conv(., w) at y
  template <class T>
  void data_adjoint(const T* y, const T* w, T* x, T* work,
                    const Parallel* parallel = nullptr) const {
    if constexpr (Vectorized<T>) {
      if (sums_over_y()) {
        return for_each_share(
            shares(), parallel, work, [&](const Convolution& share, Index first, T* own) {
              share.data_adjoint_by_sums(y + first * y_size(), w, x + first * x_size(), own);
            });
      }
    }
    std::fill_n(x, samples * x_size(), T(0));
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool in_place = is_pointwise_sample(part);
      T* const target = in_place ? x + x_offset(g, part) : col;
      gemm({rows(), part.columns(window), out, true}, w + g * w_size(),
           positions(y, g, part, matrix), target);
      if (!in_place) col2im(window, in, x_size(), part, col, x + g * in * window.in_size());
    });
  }

  /// w = the adjoint of conv(x, .) at y
  template <class T>
  void weight_adjoint(const T* x, const T* y, T* w, T* work,
                      const Parallel* parallel = nullptr) const {
    std::fill_n(w, groups * w_size(), T(0));
    if constexpr (Vectorized<T>) {
      if (sums_over_x()) return add_weight_adjoint_by_shares(x, y, w, work, parallel);
    }
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      gemm({out, rows(), part.columns(window), false, true, true}, positions(y, g, part, matrix),
           columns(x, g, part, col), w + g * w_size());
    });
  }

 private:
  /// Whether the forward pass and the weights' adjoint are sums over the elements of x.
  [[nodiscard]] bool sums_over_x() const { return suits_sums(out); }
  /// Whether the adjoint in x is a sum over the elements of y.
  [[nodiscard]] bool sums_over_y() const {
    return window.stride == Window::PerAxis{1, 1, 1} && suits_sums(in);
  }
  /// `channels`: those of the result. With very many the matrix product makes good for its columns.
  [[nodiscard]] bool suits_sums(Index channels) const {
    constexpr Index many = 256;
    return channels <= many && window.taps() > 1 && window.taps() <= FramedWindow::max_taps &&
           in > 0 && out > 0 && window.in_size() > 0 && window.out_size() > 0;
  }

  /// Into how many shares the samples are cut, for threads to take.
  [[nodiscard]] Index shares() const {
    constexpr Index most = 8, fewest_samples = 4;
    return std::clamp<Index>(samples / fewest_samples, 1, most);
  }
  /// The same for the weights' adjoint, where each share has a sum for each weight.
  [[nodiscard]] Index weight_shares() const {
    constexpr Index many_weights = Index{1} << 15;
    return groups * w_size() > many_weights ? 1 : shares();
  }
  [[nodiscard]] Index scratch_of_share() const {
    Index needed = 0;
    if (sums_over_x()) {
      const FramedWindow w = FramedWindow::over_x(window);
      needed = std::max({needed, w.room(in) + w_size(),
                         (weight_shares() > 1 ? groups * w_size() : 0) + weights_room(w)});
    }
    if (sums_over_y()) {
      needed = std::max(needed, FramedWindow::over_y(window).room(out) + w_size());
    }
    return needed;
  }

  /// Calls body(the convolution of some samples, the first of them, scratch of its own).
  template <class T, class Body>
  void for_each_share(Index count, const Parallel* parallel, T* work, Body body) const {
    const Index room = scratch_of_share();
    detail::for_each_part(parallel, static_cast<std::size_t>(count), [&](std::size_t part) {
      const Index i = static_cast<Index>(part), first = i * samples / count;
      Convolution share = *this;
      share.samples = (i + 1) * samples / count - first;
      body(share, first, work + i * room);
    });
  }

  template <class T>
  void forward_by_sums(const T* x, const T* w, const T* bias, T* y, T* work) const {
    const FramedWindow over = FramedWindow::over_x(window);
    const simd::Correlation c = over.correlation(in);
    T *const frames = work, *const packed = work + over.room(in);
    std::fill_n(frames, over.room(in), T(0));
    for (Index g = 0; g < groups; ++g) {
      for (Index t = 0; t < rows(); ++t) {
        for (Index o = 0; o < out; ++o) packed[t * out + o] = w[g * w_size() + o * rows() + t];
      }
      for (Index n = 0; n < samples; ++n) {
        over.frame().copy(x + n * x_size() + g * in * window.in_size(), in, frames);
        simd::correlate(c, static_cast<std::size_t>(out), frames, packed,
                        bias != nullptr ? bias + g * out : nullptr,
                        y + n * y_size() + g * out * window.out_size());
      }
    }
  }

  template <class T>
  void data_adjoint_by_sums(const T* y, const T* w, T* x, T* work) const {
    const FramedWindow over = FramedWindow::over_y(window);
    const simd::Correlation c = over.correlation(out);
    const Index taps = window.taps();
    T *const frames = work, *const packed = work + over.room(out);
    std::fill_n(frames, over.room(out), T(0));
    for (Index g = 0; g < groups; ++g) {
      const T* from = w + g * w_size();  // (out, in, taps), to become (out, mirrored taps, in)
      for (Index o = 0; o < out; ++o) {
        for (Index i = 0; i < in; ++i, from += taps) {
          for (Index k = 0; k < taps; ++k) packed[(o * taps + taps - 1 - k) * in + i] = from[k];
        }
      }
      for (Index n = 0; n < samples; ++n) {
        over.frame().copy(y + n * y_size() + g * out * window.out_size(), out, frames);
        simd::correlate(c, static_cast<std::size_t>(in), frames, packed,
                        static_cast<const T*>(nullptr),
                        x + n * x_size() + g * in * window.in_size());
      }
    }
  }

  /// As many samples as make a sum worth its start and end.
  [[nodiscard]] Index samples_at_once() const {
    return std::clamp<Index>(1024 / window.out_size(), 1, std::max<Index>(samples, 1));
  }

  /// Elements that add_weight_adjoint_by_sums works with.
  [[nodiscard]] Index weights_room(const FramedWindow& w) const {
    const simd::Samples taken{static_cast<std::size_t>(samples_at_once())};
    return w.room(in * samples_at_once()) +
           static_cast<Index>(weights_work(w.correlation(in), taken));
  }

  /// The shares' sums are added in order, whoever computed them.
  template <class T>
  void add_weight_adjoint_by_shares(const T* x, const T* y, T* w, T* work,
                                    const Parallel* parallel) const {
    const Index count = weight_shares(), room = scratch_of_share(), size = groups * w_size();
    if (count == 1) return add_weight_adjoint_by_sums(x, y, w, work);
    for_each_share(count, parallel, work, [&](const Convolution& share, Index first, T* own) {
      std::fill_n(own, size, T(0));
      share.add_weight_adjoint_by_sums(x + first * x_size(), y + first * y_size(), own, own + size);
    });
    for (Index i = 0; i < count; ++i) {
      const T* own = work + i * room;
      for (Index k = 0; k < size; ++k) w[k] += own[k];
    }
  }

  template <class T>
  void add_weight_adjoint_by_sums(const T* x, const T* y, T* w, T* frames) const {
    const FramedWindow over = FramedWindow::over_x(window);
    const simd::Correlation c = over.correlation(in);
    const Index most = samples_at_once(), stride = in * over.frame().elements();
    std::fill_n(frames, over.room(in * most), T(0));
    for (Index g = 0; g < groups; ++g) {
      for (Index n = 0; n < samples; n += most) {
        const Index count = std::min(most, samples - n);
        for (Index i = 0; i < count; ++i) {
          over.frame().copy(x + (n + i) * x_size() + g * in * window.in_size(), in,
                            frames + i * stride);
        }
        simd::correlate_weights(c, static_cast<std::size_t>(out),
                                {static_cast<std::size_t>(count), static_cast<std::size_t>(stride),
                                 static_cast<std::size_t>(y_size())},
                                frames, y + n * y_size() + g * out * window.out_size(),
                                w + g * w_size(), frames + over.room(in * most));
      }
    }
  }

  /// As many whole samples, or else as many rows of one sample, as fill the cache with columns.
  [[nodiscard]] WindowRows largest_part() const {
    constexpr Index cached = Index{1} << 15;
    const Index all = window.out[0] * window.out[1];
    const Index fit = std::max<Index>(1, cached / std::max<Index>(1, rows() * window.out[2]));
    if (fit < all) return {0, 1, 0, fit};
    return {0, std::clamp<Index>(fit / std::max<Index>(1, all), 1, std::max<Index>(1, samples)), 0,
            all};
  }

  template <class T, class Body>
  void for_each_part(T* work, Body body) const {
    const WindowRows most = largest_part();
    const Index all = window.out[0] * window.out[1];
    T* const matrix = work + rows() * most.columns(window);
    for (Index g = 0; g < groups; ++g) {
      for (Index n = 0; n < samples; n += most.samples) {
        for (Index r = 0; r < all; r += most.rows) {
          const WindowRows part{n, std::min(most.samples, samples - n), r,
                                std::min(most.rows, all - r)};
          body(g, part, work, matrix);
        }
      }
    }
  }

  [[nodiscard]] bool is_sample(const WindowRows& part) const {
    return part.samples == 1 && part.rows == window.out[0] * window.out[1];
  }
  [[nodiscard]] bool is_pointwise_sample(const WindowRows& part) const {
    return is_sample(part) && window.is_pointwise();
  }
  [[nodiscard]] Index x_offset(Index g, const WindowRows& part) const {
    return part.first_sample * x_size() + g * in * window.in_size();
  }
  template <class T>
  [[nodiscard]] T* y_of(T* y, Index g, const WindowRows& part) const {
    return y + part.first_sample * y_size() + g * out * window.out_size();
  }

  /// The part of im2col(x), in `col` unless it is x itself.
  template <class T>
  const T* columns(const T* x, Index g, const WindowRows& part, T* col) const {
    if (is_pointwise_sample(part)) return x + x_offset(g, part);
    im2col(window, in, x_size(), part, x + g * in * window.in_size(), col);
    return col;
  }

  /// The part of y as a matrix (out, columns), in `matrix` unless it is one where it stands.
  template <class T>
  const T* positions(const T* y, Index g, const WindowRows& part, T* matrix) const {
    if (is_sample(part)) return y_of(y, g, part);
    for_each_run(g, part, [&](Index at, Index in_matrix, Index n) {
      std::copy_n(y + at, n, matrix + in_matrix);
    });
    return matrix;
  }

  /// Calls move(offset in y, offset in the matrix, length) for each contiguous run of a part of y.
  template <class Move>
  void for_each_run(Index g, const WindowRows& part, Move move) const {
    const Index run = part.rows * window.out[2];
    for (Index o = 0; o < out; ++o) {
      for (Index n = 0; n < part.samples; ++n) {
        const Index sample = part.first_sample + n;
        move(sample * y_size() + (g * out + o) * window.out_size() + part.first_row * window.out[2],
             (o * part.samples + n) * run, run);
      }
    }
  }
};

}  // namespace dtheta::detail
