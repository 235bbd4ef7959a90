#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Activations made of pieces of lines and parabolas, elementwise.

/// x limited to [low, high], as `clamp`, but with derivative 0 on the bounds. Throws ValueError
/// unless low < high.
Var hardtanh(Arg x, double low = -1, double high = 1);
/// min(max(x, 0), 6). The derivative at 0 and at 6 is taken as 0.
Var relu6(Arg x);
/// x / 6 + 1/2, limited to [0, 1]. The derivative at -3 and 3 is taken as 0.
Var hardsigmoid(Arg x);
/// x hardsigmoid(x). At -3 and 3 the derivative is that of the parabola between them.
Var hardswish(Arg x);
/// x moved towards 0 by lambda, and 0 where it would pass it. The derivative at -lambda and lambda
/// is taken as 0. Throws ValueError unless lambda >= 0.
Var softshrink(Arg x, double lambda = 0.5);
/// x where |x| > lambda, else 0. The derivative at -lambda and lambda is taken as 0. Throws
/// ValueError unless lambda >= 0.
Var hardshrink(Arg x, double lambda = 0.5);
/// x - tanh(x), accurate near 0.
Var tanhshrink(Arg x);
/// x where x > limit, else `replacement`. The derivative at the limit is taken as 0.
Var threshold(Arg x, double limit, double replacement);

}  // namespace dtheta
