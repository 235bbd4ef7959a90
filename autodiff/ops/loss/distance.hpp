#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Distances between vectors along the last axis, as p-norms of their differences; p as in norm
/// (autodiff/ops/reduction/norm.hpp), and at least 0 (ValueError). The derivative where two vectors
/// are equal is taken as 0.

/// From each row of a (..., m, width) to each of b (..., k, width): (..., m, k). Leading axes
/// broadcast. Throws ShapeError for operands that do not fit.
Var cdist(Arg a, Arg b, double p = 2);
/// Between all pairs of rows i < j of x (n, width), in the order (0, 1), (0, 2), ...: a vector of
/// n (n - 1) / 2. Throws ShapeError unless x is a matrix.
Var pdist(Arg x, double p = 2);

}  // namespace dtheta
