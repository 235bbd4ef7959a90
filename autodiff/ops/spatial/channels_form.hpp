#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// Whether an op is add_channels or scale_channels: what it does to a channel depends on that channel
/// and its number alone.
[[nodiscard]] bool is_add_channels(const Node& node);
[[nodiscard]] bool is_scale_channels(const Node& node);

}  // namespace dtheta
