#pragma once

#include <algorithm>

#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/im2col.hpp"

namespace dtheta::detail {

/// A convolution as matrix products. For each group
///   y = w . col,  where col = im2col(x) has in * taps rows and a column for each position.
/// The columns are made and used a part at a time, so that they stay in cache.
class ConvolutionByProducts {
 public:
  explicit ConvolutionByProducts(const ConvolutionSize& size) : size_(size) {}

  /// Elements that each of the kernels below works with.
  [[nodiscard]] Index room() const {
    return (size_.rows() + size_.out) * largest_part(size_.samples).columns(size_.window);
  }

  /// y = conv(x, w) + bias for some samples; bias may be null.
  template <class T>
  void forward(const SampleRange& samples, const T* x, const T* w, const T* bias, T* y,
               T* work) const {
    const Index out = size_.out;
    for_each_part(samples, work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool direct = is_sample(part);
      const Index n = part.columns(size_.window);
      T* result = direct ? y + y_offset(g, part) : matrix;
      if (bias != nullptr) {
        for (Index o = 0; o < out; ++o) std::fill_n(result + o * n, n, bias[g * out + o]);
      }
      gemm({out, n, size_.rows(), false, false, bias != nullptr}, w + g * size_.w_size(),
           columns(x, g, part, col), result);
      if (!direct) {
        for_each_run(g, {0, out}, part, [&](Index at, Index in_matrix, Index run) {
          std::copy_n(matrix + in_matrix, run, y + at);
        });
      }
    });
  }

  /// x = the adjoint of conv(., w) at y for some samples.
  template <class T>
  void data_adjoint(const SampleRange& samples, const T* y, const T* w, T* x, T* work) const {
    std::fill_n(x + samples.first * size_.x_size(), samples.count * size_.x_size(), T(0));
    for_each_part(samples, work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      const bool in_place = is_pointwise_sample(part);
      T* const target = in_place ? x + x_offset(g, part) : col;
      gemm({size_.rows(), part.columns(size_.window), size_.out, true}, w + g * size_.w_size(),
           positions(y, g, {0, size_.out}, part, matrix), target);
      if (!in_place) {
        col2im(size_.window, size_.in, size_.x_size(), part, col,
               x + g * size_.in * size_.window.in_size());
      }
    });
  }

  /// Some channels of y in a group.
  struct Outs {
    Index first = 0;
    Index count = 0;
  };

  /// w += the adjoint of conv(x, .) at y, for the weights of some channels of y in each group.
  template <class T>
  void add_weight_adjoint(const Outs& outs, const T* x, const T* y, T* w, T* work) const {
    const SampleRange all{0, size_.samples};
    for_each_part(all, work, [&](Index g, const WindowRows& part, T* col, T* matrix) {
      gemm({outs.count, size_.rows(), part.columns(size_.window), false, true, true},
           positions(y, g, outs, part, matrix), columns(x, g, part, col),
           w + g * size_.w_size() + outs.first * size_.rows());
    });
  }

 private:
  /// As many whole samples, or else as many rows of one sample, as fill the cache with columns.
  [[nodiscard]] WindowRows largest_part(Index samples) const {
    constexpr Index cached = Index{1} << 15;
    const Window& window = size_.window;
    const Index all = window.out[0] * window.out[1];
    const Index fit = std::max<Index>(1, cached / std::max<Index>(1, size_.rows() * window.out[2]));
    if (fit < all) return {0, 1, 0, fit};
    return {0, std::clamp<Index>(fit / std::max<Index>(1, all), 1, std::max<Index>(1, samples)), 0,
            all};
  }

  template <class T, class Body>
  void for_each_part(const SampleRange& samples, T* work, Body body) const {
    const WindowRows most = largest_part(samples.count);
    const Index all = size_.window.out[0] * size_.window.out[1],
                end = samples.first + samples.count;
    T* const matrix = work + size_.rows() * most.columns(size_.window);
    for (Index g = 0; g < size_.groups; ++g) {
      for (Index n = samples.first; n < end; n += most.samples) {
        for (Index r = 0; r < all; r += most.rows) {
          const WindowRows part{n, std::min(most.samples, end - n), r,
                                std::min(most.rows, all - r)};
          body(g, part, work, matrix);
        }
      }
    }
  }

  [[nodiscard]] bool is_sample(const WindowRows& part) const {
    return part.samples == 1 && part.rows == size_.window.out[0] * size_.window.out[1];
  }
  [[nodiscard]] bool is_pointwise_sample(const WindowRows& part) const {
    return is_sample(part) && size_.window.is_pointwise();
  }
  [[nodiscard]] Index x_offset(Index g, const WindowRows& part) const {
    return part.first_sample * size_.x_size() + g * size_.in * size_.window.in_size();
  }
  [[nodiscard]] Index y_offset(Index g, const WindowRows& part) const {
    return part.first_sample * size_.y_size() + g * size_.out * size_.window.out_size();
  }

  /// The part of im2col(x), in `col` unless it is x itself.
  template <class T>
  const T* columns(const T* x, Index g, const WindowRows& part, T* col) const {
    if (is_pointwise_sample(part)) return x + x_offset(g, part);
    im2col(size_.window, size_.in, size_.x_size(), part, x + g * size_.in * size_.window.in_size(),
           col);
    return col;
  }

  /// The part of y as a matrix (channels, columns), in `matrix` unless it is one where it stands.
  template <class T>
  const T* positions(const T* y, Index g, const Outs& outs, const WindowRows& part,
                     T* matrix) const {
    if (is_sample(part)) return y + y_offset(g, part) + outs.first * size_.window.out_size();
    for_each_run(g, outs, part, [&](Index at, Index in_matrix, Index n) {
      std::copy_n(y + at, n, matrix + in_matrix);
    });
    return matrix;
  }

  /// Calls move(offset in y, offset in the matrix, length) for each contiguous run of a part of y.
  template <class Move>
  void for_each_run(Index g, const Outs& outs, const WindowRows& part, Move move) const {
    const Index plane = size_.window.out_size(), columns = size_.window.out[2];
    const Index run = part.rows * columns;
    for (Index o = 0; o < outs.count; ++o) {
      for (Index n = 0; n < part.samples; ++n) {
        const Index sample = part.first_sample + n;
        move(sample * size_.y_size() + (g * size_.out + outs.first + o) * plane +
                 part.first_row * columns,
             (o * part.samples + n) * run, run);
      }
    }
  }

  ConvolutionSize size_;
};

}  // namespace dtheta::detail
