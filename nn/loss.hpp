#pragma once

#include <cstdint>
#include <string_view>

#include "autodiff/var.hpp"

namespace dtheta::nn {

/// Losses that can be asked for by name. Those of logits do not overflow and are the ones to train
/// with; those of probabilities follow a sigmoid or softmax.
enum class Loss : std::uint8_t {
  mse,                               ///< (prediction - target)^2
  l1,                                ///< |prediction - target|
  huber,                             ///< d^2 / 2 for |d| <= 1, |d| - 1/2 beyond
  binary_cross_entropy,              ///< of probabilities, targets in [0, 1]
  binary_cross_entropy_with_logits,  ///< of what would go into a sigmoid
  cross_entropy,                     ///< of class probabilities, targets likewise or class indices
  cross_entropy_with_logits,         ///< of what would go into a softmax
};

/// Throws ValueError listing the names when there is no such loss.
[[nodiscard]] Loss parse_loss(std::string_view name);
[[nodiscard]] std::string_view to_string(Loss loss);

/// Whether the targets of this loss are probabilities, and may not lie outside [0, 1].
[[nodiscard]] bool takes_probabilities(Loss loss);
/// Whether the loss is one number for all the classes of an example, along the last axis; the
/// others are elementwise.
[[nodiscard]] bool is_over_classes(Loss loss);

enum class Reduction : std::uint8_t {
  none,  ///< one value for each example, or for each element where the loss is elementwise
  mean,  ///< of all those values, as in PyTorch: over elements, not examples
  sum,
};

/// Records the loss of predictions (examples, ...) against targets. Targets have the predictions'
/// shape (ShapeError); class losses also take the class of each example as an index tensor.
[[nodiscard]] Var loss(Loss kind, Var prediction, Var target,
                       Reduction reduction = Reduction::mean);

}  // namespace dtheta::nn
