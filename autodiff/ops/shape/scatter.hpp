#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Ops that read or write single elements and slices at places given by an index tensor (int64).
/// An index outside [-n, n) throws ValueError when the op runs, naming it and its position;
/// negative ones count from the back. Where several updates meet in one place, they add up in the
/// ops that add, and the last one in row-major order stays in those that replace.

/// PyTorch's gather: result[i][j][k] = x[indices[i][j][k]][j][k] for axis 0, and so on. The indices
/// have x's number of axes and, off `axis`, at most its sizes (ShapeError).
Var take_along_axis(Arg x, Arg indices, int axis);
/// PyTorch's scatter: x with `updates` (indices' shape) at the places take_along_axis reads.
Var put_along_axis(Arg x, Arg indices, Arg updates, int axis);
/// PyTorch's scatter_add: x to which `updates` are added at those places.
Var scatter_add_along_axis(Arg x, Arg indices, Arg updates, int axis);

/// ONNX's GatherND: the last axis of the indices holds positions on as many axes of x, after the
/// first `batch_axes`, which both have. The result has the shape
/// indices.shape[:-1] + x.shape[batch_axes + indices.shape[-1]:].
Var gather_nd(Arg x, Arg indices, int batch_axes = 0);
/// ONNX's ScatterND: x with `updates` in the places gather_nd reads.
Var scatter_nd(Arg x, Arg indices, Arg updates, int batch_axes = 0);
/// x to which `updates` are added at those places.
Var scatter_nd_add(Arg x, Arg indices, Arg updates, int batch_axes = 0);

/// The slices of x along an axis at a vector of indices. Throws ShapeError for other indices.
Var index_select(Arg x, int axis, Arg indices);

}  // namespace dtheta
