#include "gradcheck/bridge/probes/replay_probes.hpp"

#include <algorithm>

#include "gradcheck/shared/team.hpp"

namespace dtheta::gradcheck {

ReplayProbes::ReplayProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta,
                           unsigned threads)
    : layout_(cost, leaves), plan_({cost}, {.reuse_memory = false}), cost_(cost) {
  for (unsigned t = 0; t < std::max(threads, 1U); ++t) lanes_.emplace_back(plan_);
  if (!theta.empty()) {
    move_to(theta);
  } else {
    for (Lane& lane : lanes_) lane.workspace.run();
  }
}

void ReplayProbes::move_to(std::span<const double> theta) {
  layout_.require_size(theta);
  edges_.clear();
  for (Lane& lane : lanes_) {
    layout_.set(lane.workspace, theta);
    lane.workspace.run();
    lane.dirty.reset();
  }
}

double ReplayProbes::answer(Lane& lane, const Probe& probe) const {
  const LeafLayout::Place place = layout_.place_of(probe.index);
  const Var x = layout_.leaves()[place.leaf];
  Workspace<double>& ws = lane.workspace;
  if (lane.dirty && *lane.dirty != place.leaf) {
    ws.rerun(layout_.leaves()[*lane.dirty]);
    lane.dirty.reset();
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
  layout_.require_within(probes, answers);
  // A thread costs more to start than a small batch to answer.
  constexpr std::size_t worth_a_thread = 64;
  const std::size_t threads = probes.size() < worth_a_thread ? 1 : lanes_.size();
  const std::size_t share = (probes.size() + threads - 1) / threads;
  detail::in_parallel(threads, [&](std::size_t t) {
    const std::size_t first = std::min(t * share, probes.size());
    const std::size_t last = std::min(first + share, probes.size());
    for (std::size_t i = first; i < last; ++i) {
      answers[i] = edges_.value_or_nan([&] { return answer(lanes_[t], probes[i]); });
    }
  });
}

}  // namespace dtheta::gradcheck
