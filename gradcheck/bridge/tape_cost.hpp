#pragma once

#include <span>
#include <utility>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/blame/domain_edges.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"

namespace dtheta::gradcheck {

/// A recorded cost at any θ, replayed whole in double. A Cost, for one caller at a time.
class TapeCost {
 public:
  /// `leaves` in θ's order; `threads` share the larger steps of a replay.
  TapeCost(Var cost, std::span<const Var> leaves, unsigned threads)
      : cost_(cost), layout_(cost, leaves), workspace_(compiled(cost, threads)) {}

  /// NaN where the replay throws, as where a recorded `if` would take its other branch.
  double operator()(std::span<const double> theta) {
    return edges_.value_or_nan([&] {
      layout_.set(workspace_, theta);
      workspace_.run();
      return workspace_[cost_][0];
    });
  }

 private:
  static Workspace<double> compiled(Var cost, unsigned threads) {
    Plan plan(std::span(&cost, 1));
    return threads > 1 ? Workspace<double>(std::move(plan), threads)
                       : Workspace<double>(std::move(plan));
  }

  Var cost_;
  LeafLayout layout_;
  Workspace<double> workspace_;
  DomainEdges edges_;
};

}  // namespace dtheta::gradcheck
