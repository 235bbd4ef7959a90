#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise special functions.

/// The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; 1 - erf(x), without
/// losing digits where erf(x) is near 1; and the inverse of erf, NaN outside [-1, 1].
Var erf(Arg x);
Var erfc(Arg x);
Var erfinv(Arg x);
/// log |Gamma(x)|; +infinity at 0, -1, -2, ...
Var lgamma(Arg x);
/// The derivative of lgamma. NaN at -1, -2, ...; at 0 infinite, with the sign opposite to x's.
Var digamma(Arg x);
/// The n-th derivative of digamma; digamma itself for n = 0. Throws ValueError unless
/// 0 <= n <= 100.
Var polygamma(int n, Arg x);
/// sin(pi x) / (pi x), and 1 at 0.
Var sinc(Arg x);
/// log(x / (1 - x)), the inverse of sigmoid; NaN outside [0, 1].
Var logit(Arg x);
/// The same of x limited to [eps, 1 - eps]. Throws ValueError unless 0 <= eps <= 1/2.
Var logit(Arg x, double eps);

}  // namespace dtheta
