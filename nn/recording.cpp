#include "nn/recording.hpp"

namespace dtheta::nn {

Var Recording::operator()(const Parameter& parameter) {
  const auto [entry, is_new] = leaves_.try_emplace(&parameter);
  if (is_new) {
    entry->second = tape_->leaf(parameter.value, parameter.name());
    parameters_.push_back(
        {parameter.name(), parameter.layer, parameter.regularized, entry->second, &parameter});
  }
  return entry->second;
}

std::vector<Var> leaves_of(std::span<const RecordedParameter> parameters) {
  std::vector<Var> leaves;
  leaves.reserve(parameters.size());
  for (const RecordedParameter& p : parameters) leaves.push_back(p.var);
  return leaves;
}

}  // namespace dtheta::nn
