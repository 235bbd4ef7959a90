#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Running results as in scan.hpp, of which each is made from the largest so far.

/// Logarithms of sums of exponentials, without overflow in between.
Var logcumsumexp(Arg x, int axis);
/// Largest and smallest elements so far; NaN from the first NaN on. Of elements that tie, the last
/// one has the derivative.
Var cummax(Arg x, int axis);
Var cummin(Arg x, int axis);
/// Where those elements are along the axis: of elements that tie the last, and from the first NaN
/// on the last NaN.
Var cummax_indices(Arg x, int axis);
Var cummin_indices(Arg x, int axis);

}  // namespace dtheta
