#pragma once

#include <vector>

#include "autodiff/shape.hpp"

namespace dtheta::gradcheck {

/// The multi-index of an element of a row-major value.
inline std::vector<Index> multi_index(const Shape& shape, std::size_t flat) {
  std::vector<Index> at(static_cast<std::size_t>(shape.rank()));
  auto rest = static_cast<Index>(flat);
  for (std::size_t axis = at.size(); axis-- > 0;) {
    at[axis] = rest % shape[static_cast<int>(axis)];
    rest /= shape[static_cast<int>(axis)];
  }
  return at;
}

}  // namespace dtheta::gradcheck
