#include "gradcheck/bridge/replay_probes.hpp"

#include <algorithm>
#include <thread>

namespace dtheta::gradcheck {

ReplayProbes::ReplayProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta,
                           unsigned threads)
    : plan_({cost}, {.reuse_memory = false}), cost_(cost), leaves_(leaves.begin(), leaves.end()) {
  std::size_t offset = 0;
  for (Var x : leaves_) {
    offsets_.push_back(offset);
    offset += static_cast<std::size_t>(x.size());
  }
  offsets_.push_back(offset);
  for (unsigned t = 0; t < std::max(threads, 1U); ++t) {
    Lane& lane = lanes_.emplace_back(plan_);
    lane.dirty = leaves_.size();
    for (std::size_t k = 0; k < leaves_.size() && !theta.empty(); ++k) {
      if (!plan_.has_leaf(leaves_[k])) continue;
      const auto to = lane.workspace.leaf(leaves_[k]);
      std::ranges::copy(theta.subspan(offsets_[k], to.size()), to.begin());
    }
    lane.workspace.run();
  }
}

ReplayProbes::Place ReplayProbes::place_of(std::size_t index) const {
  const auto after = std::ranges::upper_bound(offsets_, index);
  const auto leaf = static_cast<std::size_t>(after - offsets_.begin()) - 1;
  return {leaf, index - offsets_[leaf]};
}

double ReplayProbes::answer(Lane& lane, const Probe& probe) const {
  const Place place = place_of(probe.index);
  const Var x = leaves_[place.leaf];
  Workspace<double>& ws = lane.workspace;
  if (lane.dirty != place.leaf && lane.dirty != leaves_.size()) {
    ws.rerun(leaves_[lane.dirty]);
    lane.dirty = leaves_.size();
  }
  if (!plan_.has_leaf(x)) return ws[cost_][0];  // J does not depend on it
  double& element = ws.leaf(x)[place.element];
  const double before = element;
  element = probe.value;
  lane.dirty = place.leaf;
  try {
    ws.rerun(x);
  } catch (...) {
    element = before;
    throw;
  }
  element = before;
  return ws[cost_][0];
}

void ReplayProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  const std::size_t share = (probes.size() + lanes_.size() - 1) / lanes_.size();
  const auto work = [&](std::size_t t) {
    const std::size_t first = std::min(t * share, probes.size());
    const std::size_t last = std::min(first + share, probes.size());
    for (std::size_t i = first; i < last; ++i) answers[i] = answer(lanes_[t], probes[i]);
  };
  // A thread costs more to start than a small batch to answer.
  constexpr std::size_t worth_a_thread = 64;
  if (lanes_.size() == 1 || probes.size() < worth_a_thread) {
    for (std::size_t i = 0; i < probes.size(); ++i) answers[i] = answer(lanes_[0], probes[i]);
    return;
  }
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < lanes_.size(); ++t) others.emplace_back(work, t);
  work(0);
}

}  // namespace dtheta::gradcheck
