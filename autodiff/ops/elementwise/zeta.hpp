#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Hurwitz's zeta function, elementwise: the sum over k >= 0 of (q + k)^-s. Infinite for s = 1 and
/// at q = 0, -1, -2, ..., NaN for s < 1, and for q < 0 unless s is an integer. No derivative flows
/// to s.
Var zeta(Arg s, Arg q);

}  // namespace dtheta
