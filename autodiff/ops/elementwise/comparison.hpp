#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Comparisons, and what is chosen by them, element for element. Operands broadcast by NumPy's
/// rule. a < b and its kin are declared in autodiff/var.hpp.

/// The larger (smaller) operand; NaN in either gives NaN. Where they are equal, each has half of
/// the derivative.
Var maximum(Arg a, Arg b);
Var minimum(Arg a, Arg b);
/// x limited to [low, high]. The derivative is 1 inside and on the bounds, 0 outside.
/// Throws ValueError unless low <= high.
Var clamp(Arg x, double low, double high);
/// The same element for element, with bounds that are recorded values: where x is below `low` the
/// derivative is that of low, likewise for `high`, which wins where low exceeds it. NaN in any of
/// the three gives NaN.
Var clamp(Arg x, Arg low, Arg high);
/// a where condition != 0, else b. No derivative flows to the condition, nor from the side not
/// taken, whatever its value.
Var where(Arg condition, Arg a, Arg b);

/// 1 where the comparison holds, else 0; the derivative is zero. NaN compares as in C++.
Var less(Arg a, Arg b);
Var less_equal(Arg a, Arg b);
Var greater(Arg a, Arg b);
Var greater_equal(Arg a, Arg b);
Var equal(Arg a, Arg b);
Var not_equal(Arg a, Arg b);

}  // namespace dtheta
