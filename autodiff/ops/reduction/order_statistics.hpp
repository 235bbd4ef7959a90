#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Results that depend on the order of elements.

/// The middle element, the lower of the two middle ones of an even number (as PyTorch); NaN if
/// there is one. Elements equal to it share the derivative equally. ShapeError over no elements.
/// Axes as in autodiff/ops/reduction/reduction.hpp.
Var median(Arg x);
Var median(Arg x, Axes axes, bool keepdims = false);

/// Which tie counts.
enum class Tie { first, last };

/// Indices of the largest and smallest element along an axis, or of all elements in row-major
/// order; a NaN counts as both. ShapeError over no elements.
Var argmax(Arg x);
Var argmax(Arg x, int axis, bool keepdims = false, Tie tie = Tie::first);
Var argmin(Arg x);
Var argmin(Arg x, int axis, bool keepdims = false, Tie tie = Tie::first);

/// The point of the probability simplex nearest to x, along one axis: max(x - t, 0) with the t for
/// which it sums to 1. Like softmax, but with zeros (Martins and Astudillo, 2016).
Var sparsemax(Arg x, int axis = -1);

}  // namespace dtheta
