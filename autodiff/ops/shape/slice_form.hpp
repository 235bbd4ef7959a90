#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// Positions start, start + step, ... of an axis, `count` of them.
struct SliceForm {
  int axis;
  Index start;
  Index step;
  Index count;
};
[[nodiscard]] std::optional<SliceForm> as_slice(const Node& node);

/// The adjoint of a slice of adjacent positions: zeros, but for [start, start + count) of an axis.
struct UnsliceForm {
  int axis;
  Index start;
  Index count;
};
[[nodiscard]] std::optional<UnsliceForm> as_unslice(const Node& node);

}  // namespace dtheta
