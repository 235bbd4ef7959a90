#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise exponentials and logarithms.

Var exp(Arg x);
/// 2^x.
Var exp2(Arg x);
/// exp(x) - 1, accurate near 0.
Var expm1(Arg x);
/// Natural logarithm; NaN below 0, -infinity at 0.
Var log(Arg x);
/// log(1 + x), accurate near 0.
Var log1p(Arg x);
Var log2(Arg x);
Var log10(Arg x);
/// log(exp(a) + exp(b)), without overflow in between.
Var logaddexp(Arg a, Arg b);
/// exp(a) / (exp(a) + exp(b)), the derivative of logaddexp(a, b) in a: the part of a in the sum. It
/// is 0 where both are -infinity, and 1/2 for other equal operands.
Var logaddexp_slope(Arg a, Arg b);

}  // namespace dtheta
