#pragma once

#include <functional>
#include <future>
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
/// the precision of the tape, with the masks of that very step.
class TapeMonitor {
 public:
  /// Who evaluates J: the training thread, between two steps, or another one meanwhile. Then the
  /// training thread only copies, and an alarm arrives with the next look or with `finish`.
  enum class Where { here, background };

  /// `options.gradient_roundoff` is at least that of the tape's precision: say 0x1p-24 where a tape
  /// of double is replayed in float. Throws what LeafLayout does.
  TapeMonitor(Var cost, std::span<const CheckedLeaf> leaves, MonitorOptions options = {},
              Where where = Where::here);
  TapeMonitor(const TapeMonitor&) = delete;
  TapeMonitor& operator=(const TapeMonitor&) = delete;

  /// Copies all leaves of the cost from a workspace whose plan has them.
  template <Scalar T>
  void before(std::size_t step, const Workspace<T>& ws);
  /// Looks at the gradient: one output of the workspace's plan for each leaf, in their order.
  template <Scalar T>
  void after(std::size_t step, const Workspace<T>& ws, std::span<const Var> gradients);

  /// Waits for a look in the background and raises its alarm.
  void finish();

  /// Not while a look is under way.
  [[nodiscard]] const Monitor& monitor() const { return *monitor_; }

 private:
  void look(std::size_t step);
  double cost_at(std::span<const double> theta);

  Var cost_;
  std::optional<LeafLayout> layout_;
  std::optional<Monitor> monitor_;
  std::vector<Var> others_;  // leaves of the cost that are not in θ
  std::optional<Workspace<double>> ws_;
  std::vector<double> theta_, gradient_;
  Where where_;
  std::function<void(const MonitorAlarm&)> on_alarm_;
  std::optional<MonitorAlarm> alarm_;  // of the look that is under way or was the last
  std::future<void> pending_;          // last: it must end before the rest does
};

extern template void TapeMonitor::before(std::size_t, const Workspace<float>&);
extern template void TapeMonitor::before(std::size_t, const Workspace<double>&);
extern template void TapeMonitor::after(std::size_t, const Workspace<float>&, std::span<const Var>);
extern template void TapeMonitor::after(std::size_t, const Workspace<double>&,
                                        std::span<const Var>);

/// The same for a Trainer: `TrainerOptions{.hook = monitor_hook(...)}`. Alarms without a handler
/// come out of Trainer::fit as GradientAlarm. In the background, a look at the very end of the
/// training goes unheard.
[[nodiscard]] nn::StepHook monitor_hook(MonitorOptions options = {},
                                        TapeMonitor::Where where = TapeMonitor::Where::here);

}  // namespace dtheta::gradcheck
