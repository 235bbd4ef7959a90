#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise trigonometric and hyperbolic functions, angles in radians. tanh is in
/// activation.hpp.

Var sin(Arg x);
Var cos(Arg x);
Var tan(Arg x);
/// Inverse functions; NaN outside [-1, 1].
Var asin(Arg x);
Var acos(Arg x);
Var atan(Arg x);
/// The angle of the point (x, y), in [-pi, pi].
Var atan2(Arg y, Arg x);
Var sinh(Arg x);
Var cosh(Arg x);
Var asinh(Arg x);
/// NaN below 1.
Var acosh(Arg x);
/// NaN outside [-1, 1].
Var atanh(Arg x);

}  // namespace dtheta
