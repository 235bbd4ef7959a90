#pragma once

#include <initializer_list>
#include <span>

#include "autodiff/var.hpp"

namespace dtheta {

/// Tensors joined along an axis.

/// xs joined along an axis on which they may differ. Throws ShapeError for an empty list or shapes
/// that differ elsewhere.
Var concat(std::span<const Var> xs, int axis = 0, SourceLocation at = SourceLocation::current());
Var concat(std::initializer_list<Var> xs, int axis = 0,
           SourceLocation at = SourceLocation::current());

}  // namespace dtheta
