#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// Over how many of the last axes an avg_pool goes, plane by plane; 0 for any other op.
[[nodiscard]] int avg_pool_axes(const Node& node);

}  // namespace dtheta
