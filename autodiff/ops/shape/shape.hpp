#pragma once

#include <limits>
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

/// Joined along an axis on which they may differ. Throws ShapeError for an empty list or shapes
/// that differ elsewhere.
Var concat(std::span<const Var> xs, int axis = 0, SourceLocation at = SourceLocation::current());
Var concat(std::initializer_list<Var> xs, int axis = 0,
           SourceLocation at = SourceLocation::current());

/// Elements start, start + step, ... before stop along one axis, as x[start:stop:step] in Python:
/// negative positions count from the back, positions outside are moved to the end they passed, and
/// a negative step goes backwards. step must not be 0 (ValueError).
struct Range {
  static constexpr Index unset = std::numeric_limits<Index>::min();
  Index start = unset;
  Index stop = unset;
  Index step = 1;
};
Var slice(Arg x, int axis, Range range);
/// One element of an axis, which goes. Throws ValueError when it is out of range.
Var select(Arg x, int axis, Index position);

}  // namespace dtheta
