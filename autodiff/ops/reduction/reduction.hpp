#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Reductions over some axes, or over all when none are given. Negative axes count from the back.
/// With `keepdims` reduced axes stay with size 1, else they go. Each throws ShapeError for an axis
/// out of range or named twice.

/// Sum; 0 over no elements.
Var sum(Arg x);
Var sum(Arg x, Axes axes, bool keepdims = false);
/// Arithmetic mean; NaN over no elements.
Var mean(Arg x);
Var mean(Arg x, Axes axes, bool keepdims = false);
/// Largest and smallest element; NaN if there is one. Elements that tie share the derivative
/// equally. Over no elements: ShapeError.
Var max(Arg x);
Var max(Arg x, Axes axes, bool keepdims = false);
Var min(Arg x);
Var min(Arg x, Axes axes, bool keepdims = false);

/// log of the sum of exponentials, shifted by the largest so that nothing overflows.
/// -infinity over no elements.
Var logsumexp(Arg x);
Var logsumexp(Arg x, Axes axes, bool keepdims = false);

}  // namespace dtheta
