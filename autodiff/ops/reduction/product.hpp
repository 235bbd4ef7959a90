#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Product over some axes, or over all; 1 over no elements. The derivatives of any order are right
/// where elements are zero. Axes as in autodiff/ops/reduction/reduction.hpp.
Var prod(Arg x);
Var prod(Arg x, Axes axes, bool keepdims = false);

/// How many elements are not zero, as a real value; NaN is not zero. The derivative is zero.
Var count_nonzero(Arg x);
Var count_nonzero(Arg x, Axes axes, bool keepdims = false);

}  // namespace dtheta
