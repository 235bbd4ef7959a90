#include "nn/cost.hpp"

#include "autodiff/tape.hpp"

namespace dtheta::nn {

void add_penalty(RecordedCost& cost, const Regularizer& regularizer, Index examples) {
  const Var term = penalty(regularizer, cost.cost.tape(), cost.parameters, examples);
  cost.parts.push_back({std::string(regularizer.name()), term});
  cost.cost = cost.cost + term;
}

}  // namespace dtheta::nn
