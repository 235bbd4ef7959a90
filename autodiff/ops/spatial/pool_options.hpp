#pragma once

#include <optional>

#include "autodiff/ops/spatial/spatial.hpp"

namespace dtheta {

/// How the window of a pooling op moves. Each number may be given for each spatial axis.
struct PoolOptions {
  /// The window's size when not given.
  std::optional<PerAxis> stride{};
  /// Padding in front of each axis, and behind it unless padding_end says otherwise.
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
  /// Also windows that stick out at the end, if they start inside x or the padding in front.
  bool ceil_mode = false;
};

}  // namespace dtheta
