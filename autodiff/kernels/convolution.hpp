#pragma once

#include <algorithm>

#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/im2col.hpp"

namespace dtheta::detail {

/// A convolution of x (samples, groups * in, elements) with w (groups * out, in, taps), which gives
/// y (samples, groups * out, positions). For each group it is a matrix product:
///   y = w . col,  where col = im2col(x) has in * taps rows and a column for each position.
/// The columns are made and used a part at a time, so that they stay in cache.
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
    return static_cast<std::size_t>((rows() + out) * part.columns(window));
  }

  /// y = conv(x, w)
  template <class T>
  void forward(const T* x, const T* w, T* y, T* work) const {
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool direct = is_sample(part);
      T* result = direct ? y_of(y, g, part) : matrix;
      gemm({out, part.columns(window), rows()}, w + g * w_size(), columns(x, g, part, col), result);
      if (!direct) {
        for_each_run(g, part, [&](Index at, Index in_matrix, Index n) {
          std::copy_n(matrix + in_matrix, n, y + at);
        });
      }
    });
  }

  /// x += the adjoint of conv(., w) at y; x starts as zeros.
  template <class T>
  void add_data_adjoint(const T* y, const T* w, T* x, T* work) const {
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool in_place = is_pointwise_sample(part);
      T* const target = in_place ? x + x_offset(g, part) : col;
      gemm({rows(), part.columns(window), out, true}, w + g * w_size(),
           positions(y, g, part, matrix), target);
      if (!in_place) col2im(window, in, x_size(), part, col, x + g * in * window.in_size());
    });
  }

  /// w += the adjoint of conv(x, .) at y; w starts as zeros.
  template <class T>
  void add_weight_adjoint(const T* x, const T* y, T* w, T* work) const {
    for_each_part(work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      gemm({out, rows(), part.columns(window), false, true, true}, positions(y, g, part, matrix),
           columns(x, g, part, col), w + g * w_size());
    });
  }

 private:
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
