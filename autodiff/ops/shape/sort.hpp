#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Ordering along one axis. NaN counts as the largest value, as in PyTorch; equal elements keep
/// their order, and the derivative goes to each element from the place it took.

Var sort(Arg x, int axis = -1, bool descending = false);
/// The indices that sort: take_along_axis(x, argsort(x), axis) is sort(x).
Var argsort(Arg x, int axis = -1, bool descending = false);

struct TopK {
  Var values;   // sorted, the first of them first
  Var indices;  // where they were
};
/// The k largest (smallest) elements along an axis. Throws ValueError unless 0 <= k <= its size.
TopK topk(Arg x, Index k, int axis = -1, bool largest = true);

}  // namespace dtheta
