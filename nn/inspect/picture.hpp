#pragma once

#include <span>
#include <string>

#include "nn/recording.hpp"

namespace dtheta::nn {

/// What a tape holds as a picture in the language of Graphviz, `dot -Tsvg` draws it: a box for each
/// op, an ellipse for each leaf, with their shapes, and an arrow from each operand. Records of a
/// layer's call stand in a frame with its path. Constants are left out.
[[nodiscard]] std::string to_dot(const Tape& tape, std::span<const LayerCall> calls = {});

}  // namespace dtheta::nn
