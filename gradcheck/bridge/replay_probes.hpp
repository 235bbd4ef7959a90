#pragma once

#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck {

/// Answers probes of a recorded cost by partial replay in double: only what depends on the moved
/// parameter is computed again. A ProbeEvaluator; θ is the concatenation of the leaves.
class ReplayProbes {
 public:
  /// The plan must keep its values (reuse_memory = false). `leaves` in θ's order.
  ReplayProbes(Plan plan, Var cost, std::span<const Var> leaves);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

 private:
  struct Place {
    std::size_t leaf;
    std::size_t element;
  };
  [[nodiscard]] Place place_of(std::size_t index) const;
  double answer(const Probe& probe);

  Workspace<double> workspace_;
  Var cost_;
  std::vector<Var> leaves_;
  std::vector<std::size_t> offsets_;  // of each leaf in θ, then the total
  std::size_t dirty_;                 // the leaf whose dependents hold a probe's values, or none
};

}  // namespace dtheta::gradcheck
