#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// The softmax cross-entropy of logits and labels, for each row.
[[nodiscard]] bool is_softmax_cross_entropy(const Node& node);

}  // namespace dtheta
