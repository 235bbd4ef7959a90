#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// scatter_add along an axis: what take hands to its operand. Most of the result may be zeros.
struct ScatterAddForm {
  int axis;
};
[[nodiscard]] std::optional<ScatterAddForm> as_scatter_add(const Node& node);

/// The axis of x whose indices a record looks up, see take.
[[nodiscard]] std::optional<int> take_axis(const Node& node);

}  // namespace dtheta
