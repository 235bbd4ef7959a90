#pragma once

#include <vector>

#include "nn/cost.hpp"
#include "nn/loss.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// What makes a cost of what a model says.
struct CostOptions {
  Loss loss = Loss::cross_entropy_with_logits;
  std::vector<Regularizer> regularizers{};
  Index examples = 0;  ///< the m of the regularisers; 0 for the number in the batch
};

/// Records the cost of a model over a batch with examples in rows: the mean of the loss +
/// regularisers. Input and target become leaves.
[[nodiscard]] RecordedCost record_cost(Tape& tape, ModelView model, const Tensor& input,
                                       const Tensor& target, const CostOptions& options,
                                       Mode mode = Mode::train);

}  // namespace dtheta::nn
