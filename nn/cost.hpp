#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/recording.hpp"
#include "nn/regularizer.hpp"

namespace dtheta::nn {

/// A named term of a cost.
struct CostPart {
  std::string name;
  Var value;
};

/// The cost J of a network as it stands on a tape, and what it was made from. Its gradient is
/// `grad(r.cost, leaves_of(r.parameters))`.
struct RecordedCost {
  Var input;   ///< the leaf of the examples
  Var target;  ///< the leaf of what the network should say of them
  Var output;  ///< what it says
  Var cost;
  std::vector<CostPart> parts;  ///< terms of the cost: "data", then each regulariser by its name
  std::vector<RecordedParameter> parameters;
  std::vector<RecordedParameter> frozen{};  ///< leaves that are no parameters of the cost
  std::vector<RecordedBuffer> buffers{};
  std::vector<LayerCall> calls{};
  std::vector<std::string> unused{};  ///< parameters that the model lists and the cost does not use
  /// The leaf of each column, where the batch was a table (nn/train/step/batch_cost.hpp).
  std::vector<std::pair<std::string, Var>> columns{};
};

/// Adds a regulariser to a cost that is over `examples`. `cost.parameters` must be complete.
void add_penalty(RecordedCost& cost, const Regularizer& regularizer, Index examples);

/// Makes a cost of `cost.cost`, which is that of the data alone and all that `recording` is for:
/// takes over what the recording met, and adds the regularisers of a cost over `examples`.
void complete(RecordedCost& cost, const Recording& recording,
              std::span<const Regularizer> regularizers, Index examples);

}  // namespace dtheta::nn
