#pragma once

#include <algorithm>
#include <limits>
#include <optional>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/simd/pooling.hpp"
#include "autodiff/kernels/window.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// Visits a plane row by row of window positions, and in each row tap by tap in row-major order:
///   begin(position, z, y)        the first position of a row, and its taps along the other axes
///   tap(position, count, from)   `count` positions in a row that meet an element each: the first
///                                is at `from` in the plane, the others w.stride[2] apart
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

/// The window as the SIMD loops take it; nothing when they do not.
[[nodiscard]] inline std::optional<simd::PlaneWindow> plane_window(const Window& w) {
  const bool inside = w.before == Window::PerAxis{} && w.after == Window::PerAxis{} &&
                      w.dilation == Window::PerAxis{1, 1, 1} && !w.adaptive &&
                      (w.out[1] - 1) * w.stride[1] + w.size[1] <= w.in[1] &&
                      (w.out[2] - 1) * w.stride[2] + w.size[2] <= w.in[2];
  if (!inside || w.in[0] != 1 || w.out[0] != 1 || w.stride[2] > 2) return {};
  const auto count = [](Index n) { return static_cast<std::size_t>(n); };
  return simd::PlaneWindow{.in_columns = count(w.in[2]),
                           .in_size = count(w.in_size()),
                           .out_rows = count(w.out[1]),
                           .out_columns = count(w.out[2]),
                           .size_rows = count(w.size[1]),
                           .size_columns = count(w.size[2]),
                           .stride_rows = count(w.stride[1]),
                           .stride_columns = count(w.stride[2])};
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
          const Index largest = x == best[p + i], unknown = x != x, first = out[p + i] < 0;
          const Index mask = -((largest | unknown) & first);
          out[p + i] = (out[p + i] & ~mask) | ((from + i * step) & mask);
        }
      },
      [](Index, const Taps&, const Taps&) {});
}

/// The adjoint of max_pool at x: the cotangent c of each position goes to its largest element, the
/// first one among equals. `work` holds twice as many elements as there are positions.
template <class T>
void max_pool_adjoint(const Window& w, const T* c, const T* plane, T* out, T* work) {
  T *const best = work, *const left = work + w.out_size();
  const Index step = w.stride[2];
  max_pool(w, plane, best);
  std::copy_n(c, w.out_size(), left);
  std::fill_n(out, w.in_size(), T(0));
  for_each_pool_row(
      w, [](Index, const Taps&, const Taps&) {},
      [&](Index p, Index count, Index from) {
        for (Index i = 0; i < count; ++i) {
          const T x = plane[from + i * step];
          const int largest = x == best[p + i], unknown = x != x;  // not bool: no branch by ||
          const bool wins = (largest | unknown) != 0;
          out[from + i * step] += wins ? left[p + i] : T(0);
          left[p + i] = wins ? T(0) : left[p + i];
        }
      },
      [](Index, const Taps&, const Taps&) {});
}

/// Calls body(first, count) for runs of planes that together are all of them, shared by threads.
template <class Body>
void for_each_run_of_planes(const Parallel* parallel, Index planes, Body body) {
  constexpr Index most = 8, fewest_planes = 32;
  const Index count = std::clamp<Index>(planes / fewest_planes, 1, most);
  for_each_part(parallel, static_cast<std::size_t>(count), [&](std::size_t part) {
    const Index i = static_cast<Index>(part), first = i * planes / count;
    body(first, (i + 1) * planes / count - first);
  });
}

/// The same for `planes` planes, one behind the other, by SIMD loops where there are some.
template <class T>
void max_pool_planes(const Window& w, Index planes, const T* x, T* out, const Parallel* parallel) {
  if constexpr (Vectorized<T>) {
    if (const auto p = plane_window(w)) {
      return for_each_run_of_planes(parallel, planes, [&](Index first, Index count) {
        simd::max_pool(*p, static_cast<std::size_t>(count), x + first * w.in_size(),
                       out + first * w.out_size());
      });
    }
  }
  for (Index n = 0; n < planes; ++n) max_pool(w, x + n * w.in_size(), out + n * w.out_size());
}
template <class T>
void max_pool_adjoint_planes(const Window& w, Index planes, const T* c, const T* x, T* out, T* work,
                             const Parallel* parallel) {
  if constexpr (Vectorized<T>) {
    if (const auto p = plane_window(w)) {
      return for_each_run_of_planes(parallel, planes, [&](Index first, Index count) {
        simd::max_pool_adjoint(*p, static_cast<std::size_t>(count), c + first * w.out_size(),
                               x + first * w.in_size(), out + first * w.in_size());
      });
    }
  }
  for (Index n = 0; n < planes; ++n) {
    max_pool_adjoint(w, c + n * w.out_size(), x + n * w.in_size(), out + n * w.in_size(), work);
  }
}

}  // namespace dtheta::detail
