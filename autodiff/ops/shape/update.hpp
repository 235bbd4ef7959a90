#pragma once

#include <span>

#include "autodiff/var.hpp"

namespace dtheta {

/// x with part of it replaced: element (i, j, ...) of `updates` goes to position
/// (starts[0] + i steps[0], starts[1] + j steps[1], ...). Negative starts count from the back; no
/// steps means steps of 1. Throws ShapeError unless x, the updates, starts and steps have as many
/// axes, ValueError for a step of 0 or a position outside x.
Var slice_update(Arg x, Arg updates, std::span<const Index> starts,
                 std::span<const Index> steps = {});
Var slice_update(Arg x, Arg updates, std::initializer_list<Index> starts,
                 std::initializer_list<Index> steps = {});

/// `value` where the mask is not 0, else x. The mask broadcasts to x (ShapeError when it cannot).
/// No derivative flows to the mask, nor to masked elements, whatever their value.
Var masked_fill(Arg x, Arg mask, double value);

}  // namespace dtheta
