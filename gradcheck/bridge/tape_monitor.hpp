#pragma once

#include <optional>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/monitor.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::gradcheck {

/// A Monitor of a training step on a tape. In a loop of one's own:
///
///   TapeMonitor monitor(r.cost, checked_leaves(r.parameters));
///   ...
///     monitor.before(i, ws);              // θ, the batch, the masks, before the step moves them
///     ws.run();
///     monitor.after(i, ws, gradients);    // the gradient of this step, an output of the plan
///
/// Both return at once for a step that is not to be looked at. J is replayed in double, whatever
/// the precision of the tape, with the masks of that very step. The tape may be cleared afterwards.
class TapeMonitor {
 public:
  /// `options.gradient_roundoff` is set by the precision of the tape. Throws what LeafLayout does.
  TapeMonitor(Var cost, std::span<const CheckedLeaf> leaves, MonitorOptions options = {});

  /// Copies all leaves of the cost from a workspace whose plan has them.
  template <Scalar T>
  void before(std::size_t step, const Workspace<T>& ws);
  /// Looks at the gradient: one output of the workspace's plan for each leaf, in their order.
  template <Scalar T>
  void after(std::size_t step, const Workspace<T>& ws, std::span<const Var> gradients);

  [[nodiscard]] const Monitor& monitor() const { return *monitor_; }

 private:
  double cost_at(std::span<const double> theta);

  Var cost_;
  std::optional<LeafLayout> layout_;
  std::optional<Monitor> monitor_;
  std::vector<Var> others_;  // leaves of the cost that are not in θ
  std::optional<Workspace<double>> ws_;
  std::vector<double> theta_, gradient_;
};

extern template void TapeMonitor::before(std::size_t, const Workspace<float>&);
extern template void TapeMonitor::before(std::size_t, const Workspace<double>&);
extern template void TapeMonitor::after(std::size_t, const Workspace<float>&, std::span<const Var>);
extern template void TapeMonitor::after(std::size_t, const Workspace<double>&,
                                        std::span<const Var>);

/// The same for a Trainer: `TrainerOptions{.hook = monitor_hook(...)}`. Alarms without a handler
/// come out of Trainer::fit as GradientAlarm.
[[nodiscard]] nn::StepHook monitor_hook(MonitorOptions options = {});

}  // namespace dtheta::gradcheck
