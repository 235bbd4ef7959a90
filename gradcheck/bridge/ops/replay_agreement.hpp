#pragma once

#include <string>

#include "gradcheck/bridge/ops/op_case.hpp"

namespace dtheta::gradcheck {

/// Holds replays of a recorded sample against the recording, and partial ones against full ones:
/// they must have the same bits. Empty when they do, else what differs.
[[nodiscard]] std::string compare_replays(const OpCase& c);

/// How far the value in float is from that in double, at operands that both represent, in the units
/// of OpTolerances::float_ulps.
[[nodiscard]] double float_ulps(const OpCase& c);

}  // namespace dtheta::gradcheck
