#pragma once

#include <algorithm>
#include <cstring>

#include "autodiff/kernels/window.hpp"

namespace dtheta::detail {

/// Some rows of window positions: rows [first_row, first_row + rows) of the positions of each of
/// `samples` samples, a row being a run along the last axis.
struct WindowRows {
  Index first_sample = 0;
  Index samples = 1;
  Index first_row = 0;
  Index rows = 0;

  [[nodiscard]] Index columns(const Window& w) const { return samples * rows * w.out[2]; }
};

/// Calls visit(column, x, inside) for each run of window positions along the last axis, for each
/// tap of each channel: where the run starts in the matrix of columns, where its first element that
/// lies inside the operand is, and which positions of the run do (the others meet the padding).
template <class Visit>
void for_each_window_run(const Window& w, Index channels, Index sample_size, const WindowRows& part,
                         Visit visit) {
  const Index columns = part.columns(w), plane = w.in_size();
  Index row_of_taps = 0;
  for (Index c = 0; c < channels; ++c) {
    for (Index kz = 0; kz < w.size[0]; ++kz) {
      for (Index ky = 0; ky < w.size[1]; ++ky) {
        for (Index kx = 0; kx < w.size[2]; ++kx, row_of_taps += columns) {
          const Positions inside = positions_inside(w, 2, kx);
          const Index x0 = inside.first * w.stride[2] - w.before[2] + kx * w.dilation[2];
          Index column = row_of_taps;
          for (Index n = 0; n < part.samples; ++n) {
            const Index base = (part.first_sample + n) * sample_size + c * plane;
            Index oz = part.first_row / w.out[1], oy = part.first_row % w.out[1];
            for (Index r = 0; r < part.rows; ++r, column += w.out[2]) {
              const Index z = oz * w.stride[0] - w.before[0] + kz * w.dilation[0];
              const Index y = oy * w.stride[1] - w.before[1] + ky * w.dilation[1];
              const bool exists = z >= 0 && z < w.in[0] && y >= 0 && y < w.in[1];
              if (exists)
                visit(column, base + (z * w.in[1] + y) * w.in[2] + x0, inside);
              else
                visit(column, Index{0}, Positions{});
              if (++oy == w.out[1]) oy = 0, ++oz;
            }
          }
        }
      }
    }
  }
}

/// Copies a short run, in fours: a call of memmove would cost as much as the run.
template <class T>
void copy_run(const T* in, Index n, T* out) {
  Index i = 0;
  for (; i + 4 <= n; i += 4) std::memcpy(out + i, in + i, 4 * sizeof(T));
  for (; i < n; ++i) out[i] = in[i];
}

/// The elements under the window as a matrix: one row for each tap of each channel, one column for
/// each position; zeros in the padding.
template <class T>
void im2col(const Window& w, Index channels, Index sample_size, const WindowRows& part, const T* x,
            T* col) {
  const Index run = w.out[2], step = w.stride[2];
  for_each_window_run(w, channels, sample_size, part,
                      [&](Index column, Index from, Positions inside) {
                        T* out = col + column;
                        const T* in = x + from;
                        std::fill_n(out, inside.first, T(0));
                        const Index count = inside.last - inside.first;
                        if (step == 1)
                          copy_run(in, count, out + inside.first);
                        else
                          for (Index i = 0; i < count; ++i) out[inside.first + i] = in[i * step];
                        std::fill(out + inside.last, out + run, T(0));
                      });
}

/// The adjoint of im2col: adds each column's elements to the places they would be read from.
template <class T>
void col2im(const Window& w, Index channels, Index sample_size, const WindowRows& part,
            const T* col, T* x) {
  const Index step = w.stride[2];
  for_each_window_run(w, channels, sample_size, part,
                      [&](Index column, Index from, Positions inside) {
                        const T* in = col + column + inside.first;
                        T* out = x + from;
                        const Index count = inside.last - inside.first;
                        for (Index i = 0; i < count; ++i) out[i * step] += in[i];
                      });
}

}  // namespace dtheta::detail
