#pragma once

#include <memory>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck {

/// Answers probes of a recorded cost by partial replay in double: only what depends on the moved
/// parameter is computed again. A ProbeEvaluator; θ is the concatenation of the leaves.
///
/// With several threads, each has a workspace of its own and takes an equal share of a batch; the
/// answers do not depend on their number.
class ReplayProbes {
 public:
  /// `leaves` in θ's order. `theta` gives their values; empty: those of the recording.
  ReplayProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta = {},
               unsigned threads = 1);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

 private:
  /// One thread's replay.
  struct Lane {
    explicit Lane(const Plan& plan) : workspace(plan) {}
    Workspace<double> workspace;
    std::size_t dirty = 0;  // the leaf whose dependents hold a probe's values, or leaves_.size()
  };
  struct Place {
    std::size_t leaf;
    std::size_t element;
  };
  [[nodiscard]] Place place_of(std::size_t index) const;
  double answer(Lane& lane, const Probe& probe) const;

  Plan plan_;
  Var cost_;
  std::vector<Var> leaves_;
  std::vector<std::size_t> offsets_;  // of each leaf in θ, then the total
  std::vector<Lane> lanes_;
};

}  // namespace dtheta::gradcheck
