#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Ops that pick elements by index tensors (int64 leaves and constants). An index outside
/// [-n, n) throws ValueError when the op runs, naming it and its position; negative ones count from
/// the back.

/// The slices of x at `indices` along one axis: x.shape[:axis] + indices.shape + x.shape[axis+1:].
Var take(Arg x, Arg indices, int axis = 0);
/// The adjoint of take: a tensor of `size` slices along `axis`, to which the slices of x are added
/// at `indices`; those that share an index add up.
Var scatter_add(Arg x, Arg indices, int axis, Index size);
/// Rows of a table (count, width): indices.shape + (width).
Var embedding(Arg table, Arg indices);
/// 1 at each index along a new last axis of size `classes`, else 0. Without a derivative.
Var one_hot(Arg indices, Index classes);

}  // namespace dtheta
