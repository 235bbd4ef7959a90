#pragma once

#include <algorithm>
#include <array>

#include "autodiff/kernels/strided.hpp"
#include "autodiff/shape.hpp"

/// Copies of tensors whose axes stand in another order. `shape` is that of the result, `strides`
/// are those of its axes in the operand.
namespace dtheta::detail {

using Strides = std::array<Index, max_rank>;

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
  std::array<Index, max_rank> dims{};
  std::ranges::copy(shape, dims.begin());
  dims[static_cast<std::size_t>(adjacent)] = dims[static_cast<std::size_t>(last)] = 1;
  const Shape others(std::span<const Index>(dims.data(), static_cast<std::size_t>(shape.rank())));
  if (shape.size() == 0) return;
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

}  // namespace dtheta::detail
