#pragma once

#include <algorithm>
#include <limits>

#include "autodiff/kernels/window.hpp"

namespace dtheta::detail {

/// Visits a plane row by row of window positions, and in each row tap by tap in row-major order:
///   begin(position, z, y)        the first position of a row, and its taps along the other axes
///   tap(position, count, from)   `count` positions in a row that meet an element each: the first
///   is
///                                at `from` in the plane, the others w.stride[2] apart
///   end(position, z, y)          the same
template <class Begin, class Tap, class End>
void for_each_pool_row(const Window& w, Begin begin, Tap tap, End end) {
  const auto along_row = [&](Index position, Index row) {
    if (w.adaptive) {
      for (Index o = 0; o < w.out[2]; ++o) {
        const Taps x(w, 2, o);
        for (Index k = 0; k < x.count; ++k) tap(position + o, Index{1}, row + x.first + k);
      }
      return;
    }
    for (Index k = 0; k < w.size[2]; ++k) {
      const Positions p = positions_inside(w, 2, k);
      const Index x = p.first * w.stride[2] - w.before[2] + k * w.dilation[2];
      tap(position + p.first, p.last - p.first, row + x);
    }
  };
  Index position = 0;
  for (Index oz = 0; oz < w.out[0]; ++oz) {
    const Taps z(w, 0, oz);
    for (Index oy = 0; oy < w.out[1]; ++oy, position += w.out[2]) {
      const Taps y(w, 1, oy);
      begin(position, z, y);
      for (Index i = 0; i < z.count; ++i) {
        for (Index j = 0; j < y.count; ++j) {
          const Index row = (z.first + i * z.step) * w.in[1] + y.first + j * y.step;
          along_row(position, row * w.in[2]);
        }
      }
      end(position, z, y);
    }
  }
}

/// The largest element under the window at each position; -infinity where there is none, and NaN
/// where there is one.
template <class T>
void max_pool(const Window& w, const T* plane, T* out) {
  const Index step = w.stride[2];
  for_each_pool_row(
      w,
      [&](Index p, const Taps&, const Taps&) {
        std::fill_n(out + p, w.out[2], -std::numeric_limits<T>::infinity());
      },
      [&](Index p, Index count, Index from) {
        for (Index i = 0; i < count; ++i) {
          const T x = plane[from + i * step];
          T& best = out[p + i];
          best = x > best ? x : best;
          if (x != x) best = x;
        }
      },
      [](Index, const Taps&, const Taps&) {});
}

/// Its index in the plane, the first one among equals; -1 where there is none. `best` holds as many
/// elements as there are positions.
template <class T>
void max_pool_indices(const Window& w, const T* plane, Index* out, T* best) {
  const Index step = w.stride[2];
  max_pool(w, plane, best);
  std::fill_n(out, w.out_size(), Index{-1});
  for_each_pool_row(
      w, [](Index, const Taps&, const Taps&) {},
      [&](Index p, Index count, Index from) {
        for (Index i = 0; i < count; ++i) {
          const T x = plane[from + i * step];
          // By masks: which element wins is a matter of chance, a branch on it is mispredicted.
          const bool wins = ((x == best[p + i]) | (x != x)) & (out[p + i] < 0);
          const Index mask = -static_cast<Index>(wins);
          out[p + i] = (out[p + i] & ~mask) | ((from + i * step) & mask);
        }
      },
      [](Index, const Taps&, const Taps&) {});
}

}  // namespace dtheta::detail
