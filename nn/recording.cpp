#include "nn/recording.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

Var Recording::operator()(const Parameter& parameter) {
  Tape& on = tape();
  if (const auto known = known_.find(&parameter); known != known_.end()) {
    const RecordedParameter& met = parameters_[known->second];
    if (!met.watch.is_gone()) return met.var;
    throw StateError(
        fmt::format("recording: {} lies where {} was recorded from, which is gone: a network must "
                    "stay where it "
                    "is as long as its recording is used",
                    parameter.name(), met.name));
  }
  const Var leaf = on.leaf(parameter.value, parameter.name());
  parameters_.push_back({parameter.name(), parameter.layer, parameter.regularized, leaf, &parameter,
                         parameter.lifetime.watch()});
  known_.emplace(&parameter, parameters_.size() - 1);
  return leaf;
}

std::vector<Var> leaves_of(std::span<const RecordedParameter> parameters) {
  std::vector<Var> leaves;
  leaves.reserve(parameters.size());
  for (const RecordedParameter& p : parameters) leaves.push_back(p.var);
  return leaves;
}

}  // namespace dtheta::nn
