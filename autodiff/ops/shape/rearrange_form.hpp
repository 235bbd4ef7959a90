#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// The order in which a permute has the axes of its operand; null for any other op.
[[nodiscard]] const Axes* as_permute(const Node& node);

}  // namespace dtheta
