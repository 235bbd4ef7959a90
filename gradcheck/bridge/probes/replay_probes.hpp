#pragma once

#include <optional>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/blame/domain_edges.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck {

/// Answers probes of a recorded cost by partial replay in double: only what depends on the moved
/// parameter is computed again. A ProbeEvaluator; θ is the concatenation of the leaves.
///
/// With several threads, each has a workspace of its own and takes an equal share of a batch; the
/// answers do not depend on their number.
class ReplayProbes {
 public:
  /// `leaves` in θ's order. `theta` gives their values; empty: those of the recording. Throws what
  /// LeafLayout does, and ShapeError for a θ of another length.
  ReplayProbes(Var cost, std::span<const Var> leaves, std::span<const double> theta = {},
               unsigned threads = 1);

  /// Goes to another θ. Throws ShapeError for one of another length.
  void move_to(std::span<const double> theta);

  /// Throws ShapeError for a probe outside θ. What a replay throws away from θ is an edge of the
  /// domain of J: the answer is NaN.
  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// The answers that are NaN for that, since the last move.
  [[nodiscard]] const DomainEdges& edges() const { return edges_; }

 private:
  /// One thread's replay.
  struct Lane {
    explicit Lane(const Plan& plan) : workspace(plan) {}
    Workspace<double> workspace;
    std::optional<std::size_t> dirty{};  // the leaf whose dependents hold a probe's values
  };
  double answer(Lane& lane, const Probe& probe) const;

  DomainEdges edges_;
  LeafLayout layout_;
  Plan plan_;
  Var cost_;
  std::vector<Lane> lanes_;
};

}  // namespace dtheta::gradcheck
