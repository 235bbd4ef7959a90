#pragma once

#include <array>
#include <cstring>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Dense row-major strides, in elements.
[[nodiscard]] inline std::array<Index, max_rank> strides_of(const Shape& shape) {
  std::array<Index, max_rank> strides{};
  Index stride = 1;
  for (int i = shape.rank(); i-- > 0;) {
    strides[static_cast<std::size_t>(i)] = stride;
    stride *= shape[i];
  }
  return strides;
}

/// Visits the elements of `shape` in row-major order, one innermost run at a time:
/// visit(position of the run in row-major order, offset by the given strides).
template <class Visit>
void for_each_run(const Shape& shape, const std::array<Index, max_rank>& strides, Visit visit) {
  if (shape.size() == 0) return;
  const int outer = shape.rank() - 1;
  const Index run = outer >= 0 ? shape[outer] : 1;
  std::array<Index, max_rank> at{};
  Index offset = 0;
  for (Index position = 0; position < shape.size(); position += run) {
    visit(position, offset);
    for (int axis = outer; axis-- > 0;) {
      const auto a = static_cast<std::size_t>(axis);
      offset += strides[a];
      if (++at[a] < shape[axis]) break;
      offset -= at[a] * strides[a];
      at[a] = 0;
    }
  }
}

}  // namespace dtheta
