#pragma once

#include <limits>

#include "autodiff/var.hpp"

namespace dtheta {

/// Parts of an axis.

/// Elements start, start + step, ... before stop along one axis, as x[start:stop:step] in Python:
/// negative positions count from the back, positions outside are moved to the end they passed, and
/// a negative step goes backwards. step must not be 0 (ValueError).
struct Range {
  static constexpr Index unset = std::numeric_limits<Index>::min();
  Index start = unset;
  Index stop = unset;
  Index step = 1;
};
Var slice(Arg x, int axis, Range range);
/// One element of an axis, which goes. Throws ValueError when it is out of range.
Var select(Arg x, int axis, Index position);

}  // namespace dtheta
