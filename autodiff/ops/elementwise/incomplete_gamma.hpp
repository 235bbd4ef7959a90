#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// The regularized incomplete gamma functions, elementwise: the integral of t^(a-1) exp(-t) from 0
/// to x, and from x on, divided by Gamma(a). NaN unless a > 0 and x >= 0. No derivative flows to a.
Var igamma(Arg a, Arg x);
Var igammac(Arg a, Arg x);

}  // namespace dtheta
