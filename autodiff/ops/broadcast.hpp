#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// x repeated along new and size-1 axes until it has `shape` (NumPy's broadcasting rule).
/// Throws ShapeError when it cannot. Where the shape is x's own, x itself.
[[nodiscard]] Var broadcast_to(Arg x, const Shape& shape);

/// The adjoint of broadcast_to: sums over the axes along which `shape` would be repeated.
/// Throws ShapeError when `shape` does not broadcast to x's. Where the shape is x's own, x itself.
[[nodiscard]] Var sum_to(Arg x, const Shape& shape);

}  // namespace dtheta
