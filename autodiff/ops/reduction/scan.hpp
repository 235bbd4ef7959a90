#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Running results along one axis: element i is made from elements 0 to i. All keep x's shape; an
/// axis out of range throws ShapeError.

/// Sums. `exclusive` leaves out element i itself, so that the first one is 0; `reverse` runs from
/// the back.
Var cumsum(Arg x, int axis, bool exclusive = false, bool reverse = false);
/// Products, likewise. The derivative is right where there are zeros.
Var cumprod(Arg x, int axis, bool exclusive = false, bool reverse = false);
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

/// The recurrence h[i] = a[i] h[i-1] + b[i] with h[-1] = 0; from the back with `reverse`. a and b
/// broadcast to one shape, which has the axis.
Var linear_scan(Arg a, Arg b, int axis, bool reverse = false);

}  // namespace dtheta
