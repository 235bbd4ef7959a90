#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// What becomes of values that meet in one place.
enum class Reduce { sum, prod, mean, amax, amin };

/// PyTorch's scatter_reduce: for each place of x the reduction of the updates that `indices` send
/// there along an axis, as scatter_add_along_axis adds them up, and of the element of x itself;
/// without `include_self` that one counts only where no update goes. The derivatives, of any order,
/// are right where factors are zero; elements that tie for the largest (smallest) share it equally.
/// Shapes as in put_along_axis (ShapeError); an index outside [-n, n) throws ValueError.
Var scatter_reduce(Arg x, Arg indices, Arg updates, int axis, Reduce how, bool include_self = true);

/// PyTorch's index_reduce: the same for whole slices along the axis, at a vector of indices, one
/// for each slice of the updates.
Var index_reduce(Arg x, Arg indices, Arg updates, int axis, Reduce how, bool include_self = true);

}  // namespace dtheta
