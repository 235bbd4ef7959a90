#pragma once

#include <optional>

#include "autodiff/kernels/normalize.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// How `moments` sees its operand; nothing for other ops.
[[nodiscard]] std::optional<detail::ChannelView> as_moments(const Node& node);

}  // namespace dtheta
