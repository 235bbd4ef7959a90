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

/// The recurrence h[i] = a[i] h[i-1] + b[i] with h[-1] = 0; from the back with `reverse`. a and b
/// broadcast to one shape, which has the axis.
Var linear_scan(Arg a, Arg b, int axis, bool reverse = false);

}  // namespace dtheta
