#pragma once

#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise arithmetic. Operands broadcast by NumPy's rule (ShapeError when they cannot) and
/// may be numbers. a + b, a - b, a * b, a / b and -a are declared in autodiff/var.hpp.

Var add(Arg a, Arg b);
Var sub(Arg a, Arg b);
Var mul(Arg a, Arg b);
Var div(Arg a, Arg b);
Var neg(Arg x);

/// |x|. The derivative at 0 is taken as 0.
Var abs(Arg x);
/// -1, 0 or 1; NaN stays NaN. Its derivative is zero.
Var sign(Arg x);
Var square(Arg x);
Var cube(Arg x);
/// Square root. The derivative at 0 is +infinity, as in PyTorch.
Var sqrt(Arg x);
/// 1 / sqrt(x).
Var rsqrt(Arg x);
/// 1 / x.
Var reciprocal(Arg x);
/// a^b. The derivative with respect to b where a = 0 and b > 0 is 0; a < 0 gives NaN for it.
Var pow(Arg a, Arg b);
/// sqrt(a^2 + b^2) without overflow in between. The derivative at (0, 0) is taken as 0.
Var hypot(Arg a, Arg b);
/// a / hypot(a, b), the derivative of hypot(a, b) in a; 0 at (0, 0).
Var hypot_slope(Arg a, Arg b);
/// a * b + c, rounded twice, as the separate ops would.
Var fma(Arg a, Arg b, Arg c);

}  // namespace dtheta
