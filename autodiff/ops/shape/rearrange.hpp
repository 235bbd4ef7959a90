#pragma once

#include <span>

#include "autodiff/axes.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Ops that move elements and leave them as they are. All take real or index values.

/// The same elements, row-major, under another shape. One dimension may be -1: what is left.
/// Throws ShapeError when the sizes differ.
Var reshape(Arg x, std::span<const Index> dims);
Var reshape(Arg x, std::initializer_list<Index> dims);
Var reshape(Arg x, const Shape& shape);
/// Axes [first, last] merged into one.
Var flatten(Arg x, int first = 0, int last = -1);
/// Without the given axes, which must have size 1 (ShapeError); without arguments, without all
/// such.
Var squeeze(Arg x);
Var squeeze(Arg x, Axes axes);
/// With a new axis of size 1 at `axis`, counted in the result.
Var expand_dims(Arg x, int axis);

/// Axis i of the result is axis order[i] of x.
Var permute(Arg x, Axes order);
/// All axes reversed: the transpose of a matrix.
Var transpose(Arg x);
/// Two axes exchanged.
Var swap_axes(Arg x, int a, int b);

}  // namespace dtheta
