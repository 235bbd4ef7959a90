#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// The axis along which a softmax, or its logarithm, goes.
[[nodiscard]] std::optional<int> softmax_axis(const Node& node);

}  // namespace dtheta
