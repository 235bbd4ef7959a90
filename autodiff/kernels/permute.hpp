#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

/// Copies of tensors whose axes stand in another order. `shape` is that of the result, `strides`
/// are those of its axes in the operand.
namespace dtheta::detail {

using Strides = std::array<Index, max_rank>;

/// The shape with another length of one axis.
[[nodiscard]] inline Shape with_axis(const Shape& shape, int axis, Index length) {
  std::array<Index, max_rank> dims{};
  std::ranges::copy(shape, dims.begin());
  dims[static_cast<std::size_t>(axis)] = length;
  return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(shape.rank())));
}

/// The axis of the result along which elements of the operand are adjacent; -1 if there is none but
/// the last.
[[nodiscard]] inline int adjacent_axis(const Shape& shape, const Strides& strides) {
  for (int i = 0; i + 1 < shape.rank(); ++i) {
    if (strides[static_cast<std::size_t>(i)] == 1 && shape[i] > 1) return i;
  }
  return -1;
}

/// By square tiles of that axis and the last, along which elements of the result are adjacent: a
/// line of memory that was touched is used up while it is near.
template <class E>
void move_tiles(const Shape& shape, const Strides& strides, int adjacent, const E* x, E* out) {
  constexpr Index tile = 16;
  const int last = shape.rank() - 1;
  const Strides to = strides_of(shape);
  const Index rows = shape[adjacent], columns = shape[last];
  const Index row = to[static_cast<std::size_t>(adjacent)];
  const Index column = strides[static_cast<std::size_t>(last)];
  const auto move = [&](const E* from, E* target, Index m, Index n) {
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) target[i * row + j] = from[i + j * column];
    }
  };
  const Shape others = with_axis(with_axis(shape, adjacent, 1), last, 1);
  for_each_run(others, strides, [&](Index position, Index offset) {
    Index target = 0;  // the same place in the result, from its position among the others
    for (int i = last; i >= 0; --i) {
      target += position % others[i] * to[static_cast<std::size_t>(i)];
      position /= others[i];
    }
    for (Index i = 0; i < rows; i += tile) {
      for (Index j = 0; j < columns; j += tile) {
        move(x + offset + i + j * column, out + target + i * row + j, std::min(tile, rows - i),
             std::min(tile, columns - j));
      }
    }
  });
}

/// Rows along the last axis, which are short and lie as they are: all those of the axis before at once.
template <Vectorized E>
void move_short_rows(const Shape& shape, const Strides& strides, const E* x, E* out) {
  const int axis = shape.rank() - 2;
  const Index rows = shape[axis];
  for_each_run(with_axis(shape, axis, 1), strides, [&](Index position, Index offset) {
    simd::load_rows(x + offset, strides[static_cast<std::size_t>(axis)],
                    static_cast<std::size_t>(rows), static_cast<std::size_t>(shape[axis + 1]),
                    false, out + position * rows);
  });
}

template <class E>
void permute_elements(const Shape& shape, const Strides& strides, const E* x, E* out) {
  const int adjacent = adjacent_axis(shape, strides), last = shape.rank() - 1;
  const Index run = last >= 0 ? shape[last] : 1;
  const Index step = last >= 0 ? strides[static_cast<std::size_t>(last)] : 1;
  if (shape.size() == 0) return;
  if (step != 1 && adjacent >= 0) return move_tiles(shape, strides, adjacent, x, out);
  if constexpr (Vectorized<E>) {
    if (step == 1 && last > 0 && run <= static_cast<Index>(simd::short_row)) {
      return move_short_rows(shape, strides, x, out);
    }
  }
  for_each_run(shape, strides, [&](Index position, Index offset) {
    if (step == 1)
      std::copy_n(x + offset, run, out + position);
    else
      for (Index i = 0; i < run; ++i) out[position + i] = x[offset + i * step];
  });
}

/// The same, with its first axis cut for threads.
template <class E>
void permute_shared(const Shape& shape, const Strides& strides, const E* x, E* out,
                    const Parallel* parallel) {
  if (shape.rank() == 0 || shape.size() == 0) return permute_elements(shape, strides, x, out);
  const Index row = shape.size() / shape[0];
  const auto part = [&](std::size_t first, std::size_t count) {
    const auto at = static_cast<Index>(first);
    permute_elements(with_axis(shape, 0, static_cast<Index>(count)), strides, x + at * strides[0],
                     out + at * row);
  };
  for_each_run(parallel, static_cast<std::size_t>(shape[0]),
               rows_at_once(static_cast<std::size_t>(row)), part);
}

}  // namespace dtheta::detail
