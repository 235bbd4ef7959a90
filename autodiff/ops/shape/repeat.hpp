#pragma once

#include <span>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Ops that repeat, reorder, join and part along axes. All take real or index values; an axis out
/// of range throws ShapeError.

/// x beside itself repeats[i] times along axis i. Fewer repeats than axes leave the first axes
/// alone; more give x new first axes (as PyTorch's tile). Throws ShapeError for a negative number.
Var tile(Arg x, std::span<const Index> repeats);
Var tile(Arg x, std::initializer_list<Index> repeats);

/// Each slice along `axis` `times` times in a row. Throws ValueError for a negative number.
Var repeat_interleave(Arg x, Index times, int axis);
/// Slice i along `axis` times[i] times in a row. Throws ShapeError unless there is one number for
/// each slice.
Var repeat_interleave(Arg x, std::span<const Index> times, int axis);

/// Elements moved by `shift` places along an axis; those that leave come back at the other end.
Var roll(Arg x, Index shift, int axis);
/// The elements along the given axes in reverse order.
Var flip(Arg x, Axes axes);

/// Tensors of one shape joined along a new axis, counted in the result. Throws ShapeError for an
/// empty list or shapes that differ.
Var stack(std::span<const Var> xs, int axis = 0, SourceLocation at = SourceLocation::current());
Var stack(std::initializer_list<Var> xs, int axis = 0,
          SourceLocation at = SourceLocation::current());

/// Consecutive parts of the given sizes along an axis. Throws ShapeError unless they add up to it.
std::vector<Var> split(Arg x, std::span<const Index> sizes, int axis = 0);
/// Consecutive parts of one size; the last one has what is left. Throws ValueError unless size > 0.
std::vector<Var> split(Arg x, Index size, int axis = 0);
/// At most `count` consecutive parts of equal size, of which the last may be smaller (as PyTorch's
/// chunk). Throws ValueError unless count > 0.
std::vector<Var> chunk(Arg x, Index count, int axis = 0);

}  // namespace dtheta
