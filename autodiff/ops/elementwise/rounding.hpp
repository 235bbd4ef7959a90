#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise rounding, remainders and tests, and how much of a derivative passes.

/// The integer below, above, nearest (halves to the even one, as PyTorch) and towards zero. The
/// derivative is zero.
Var floor(Arg x);
Var ceil(Arg x);
Var round(Arg x);
Var trunc(Arg x);

/// a - n b with the integer n = floor(a / b): the sign is that of b, as in Python. The derivative
/// with respect to a is 1, with respect to b it is -n. NaN for b = 0.
Var remainder(Arg a, Arg b);
/// The same with n = trunc(a / b): the sign is that of a, as in C.
Var fmod(Arg a, Arg b);

/// 1 where x is NaN, infinite, neither, else 0. The derivative is zero.
Var is_nan(Arg x);
Var is_inf(Arg x);
Var is_finite(Arg x);

/// x itself, through which the derivative passes multiplied by `factor`: 0 stops it, -1 reverses
/// it.
Var scale_gradient(Arg x, double factor);

}  // namespace dtheta
