#pragma once

#include <optional>

#include "autodiff/kernels/normalize.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {

/// What each channel of x, seen as (outer, channels, inner), is divided by, and whether its mean is
/// taken away before.
struct StandardizeForm {
  detail::ChannelView view;
  double epsilon;
  bool centered;
};
[[nodiscard]] std::optional<StandardizeForm> as_standardize(const Node& node);

}  // namespace dtheta
