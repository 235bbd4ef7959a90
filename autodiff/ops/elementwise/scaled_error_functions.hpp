#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// exp(x^2) erfc(x), elementwise, with all digits where erfc(x) alone underflows.
Var erfcx(Arg x);
/// The logarithm of the distribution function of the unit normal, log((1 + erf(x / sqrt(2))) / 2),
/// without losing digits at either end.
Var log_ndtr(Arg x);

}  // namespace dtheta
