#pragma once

#include "autodiff/var.hpp"

/// Ops that derivative rules are written in: products, quotients and choices that are right where
/// the plain ones are not. Elementwise; operands broadcast.
///
/// An adjoint of exactly 0 says that the cost does not depend on a value, as behind the side of
/// `where` that was not taken: then no slope counts, whether it is infinite or NaN. A select could
/// say the same of the value, but would be wrong for the derivative of the derivative; the rules of
/// these ops are those of w x and a / b everywhere.
namespace dtheta::detail {

/// w x, and 0 where w is 0, whatever x is.
Var weighted(Arg w, Arg x);
/// a b, and 0 where either is 0, whatever the other is.
Var both(Arg a, Arg b);
/// a / b, and 0 where a is 0, whatever b is.
Var xdivy(Arg a, Arg b);
/// g, but NaN where y is NaN and g is not 0: of a value that is none there is no slope.
Var keep_nan(Arg g, Arg y);

/// Where gate lets a cotangent pass.
struct Interval {
  double low;
  double high;
  bool closed = false;   // its ends belong to it
  bool outside = false;  // what is not in it passes, instead
  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};
/// c where x lies in the interval, else 0; NaN where x is NaN and c is not 0.
Var gate(Arg c, Arg x, const Interval& interval);
/// c where a > b, c / 2 where a = b, else 0; NaN where one is NaN and c is not 0.
Var gate_larger(Arg c, Arg a, Arg b);

/// The parts of the elements in the sum of their exponentials along an axis: their softmax, but 0
/// where all are -infinity, as none has a part in a sum of nothing.
Var logsumexp_slope(Arg x, int axis);

}  // namespace dtheta::detail
