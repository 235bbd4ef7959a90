#pragma once

#include <span>

#include "autodiff/var.hpp"

namespace dtheta {

/// The tensor whose element (i, j, ...) is element offset + i strides[0] + j strides[1] + ... of x,
/// row-major; windows may overlap, and strides may be 0 or negative. Throws ShapeError unless there
/// is one stride for each axis, ValueError when an element lies outside x.
Var as_strided(Arg x, const Shape& shape, std::span<const Index> strides, Index offset = 0);
Var as_strided(Arg x, const Shape& shape, std::initializer_list<Index> strides, Index offset = 0);

}  // namespace dtheta
