#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Smooth and exponential activations, elementwise but for prelu and glu.

/// x for x > 0, slope * x otherwise, with a learned slope: a scalar or a single element for all of
/// x, or a vector with one slope for each position along `axis`, where x has that many (ShapeError
/// otherwise). A slope of more axes broadcasts against x. The derivative at x = 0 is taken as
/// `slope`.
Var prelu(Arg x, Arg slope, int axis = 1);
/// x for x > 0, alpha (exp(x) - 1) otherwise. The derivative at 0 is taken as alpha.
Var elu(Arg x, double alpha = 1);
/// x for x > 0, alpha (exp(x / alpha) - 1) otherwise, which has no corner. Throws ValueError for
/// alpha = 0.
Var celu(Arg x, double alpha = 1);
/// elu with the scale and alpha that keep a unit normal distribution as it is.
Var selu(Arg x);
/// x Phi(x), Phi being the distribution function of the unit normal.
Var gelu(Arg x);
/// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, which is near gelu.
Var gelu_tanh(Arg x);
/// x sigmoid(x), also called swish.
Var silu(Arg x);
/// x tanh(softplus(x)).
Var mish(Arg x);
/// x / (1 + |x|).
Var softsign(Arg x);
/// a sigmoid(b), where a and b are the two halves of x along `axis`. Throws ShapeError for an axis
/// of odd size.
Var glu(Arg x, int axis = -1);

}  // namespace dtheta
