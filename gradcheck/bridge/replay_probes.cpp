#include "gradcheck/bridge/replay_probes.hpp"

#include <algorithm>

namespace dtheta::gradcheck {

ReplayProbes::ReplayProbes(Plan plan, Var cost, std::span<const Var> leaves)
    : workspace_(std::move(plan)), cost_(cost), leaves_(leaves.begin(), leaves.end()) {
  std::size_t offset = 0;
  for (Var x : leaves_) {
    offsets_.push_back(offset);
    offset += static_cast<std::size_t>(x.size());
  }
  offsets_.push_back(offset);
  dirty_ = leaves_.size();
  workspace_.run();
}

ReplayProbes::Place ReplayProbes::place_of(std::size_t index) const {
  const auto after = std::ranges::upper_bound(offsets_, index);
  const auto leaf = static_cast<std::size_t>(after - offsets_.begin()) - 1;
  return {leaf, index - offsets_[leaf]};
}

double ReplayProbes::answer(const Probe& probe) {
  const Place place = place_of(probe.index);
  const Var x = leaves_[place.leaf];
  if (!workspace_.plan().has_leaf(x)) return workspace_[cost_][0];  // J does not depend on it
  if (dirty_ != place.leaf && dirty_ != leaves_.size()) workspace_.rerun(leaves_[dirty_]);
  double& element = workspace_.leaf(x)[place.element];
  const double before = element;
  element = probe.value;
  workspace_.rerun(x);
  element = before;
  dirty_ = place.leaf;
  return workspace_[cost_][0];
}

void ReplayProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  std::ranges::transform(probes, answers.begin(), [&](const Probe& p) { return answer(p); });
}

}  // namespace dtheta::gradcheck
