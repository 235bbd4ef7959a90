#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// The recurrence h[i] = b[i] + a[i] h[i-1] along an axis, in segments: where `cuts` is not 0 the
/// link to the element before is cut, and nothing passes, be it infinite or NaN. The three are of
/// one shape (ShapeError); no derivative flows to the cuts.
[[nodiscard]] Var segmented_scan(Var a, Var b, Var cuts, int axis);

}  // namespace dtheta::detail
