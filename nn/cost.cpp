#include "nn/cost.hpp"

#include "autodiff/tape.hpp"

namespace dtheta::nn {

void add_penalty(RecordedCost& cost, const Regularizer& regularizer, Index examples) {
  const Var term = penalty(regularizer, cost.cost.tape(), cost.parameters, examples);
  cost.parts.push_back({std::string(regularizer.name()), term});
  cost.cost = cost.cost + term;
}

void complete(RecordedCost& cost, const Recording& recording,
              std::span<const Regularizer> regularizers, Index examples) {
  cost.parts.push_back({"data", cost.cost});
  cost.parameters = recording.parameters();
  cost.frozen = recording.frozen();
  cost.buffers = recording.buffers();
  cost.calls = recording.calls();
  cost.unused = recording.unused();
  for (const Regularizer& regularizer : regularizers) add_penalty(cost, regularizer, examples);
}

}  // namespace dtheta::nn
