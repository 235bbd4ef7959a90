#pragma once

#include <functional>
#include <future>
#include <optional>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/blame/domain_edges.hpp"
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
/// Both return at once for a step that is not to be looked at. J is replayed with the batch and the
/// masks of that very step: most looks are a glance in the arithmetic of the training
/// (Monitor::glance), which takes J(θ) from the step itself if the cost is among its outputs. What
/// a glance leaves in doubt is looked at in double, and in float every sixteenth look is
/// (MonitorOptions::exact_every).
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
  /// Points beside θ at which J could not be computed. Such a look says nothing.
  [[nodiscard]] const DomainEdges& edges() const { return edges_; }

 private:
  /// What a look needs of a step, in the arithmetic of the training.
  template <Scalar T>
  struct Copies {
    std::optional<Workspace<T>> ws{};  // J alone; holds the other leaves, and θ moved
    std::vector<T> theta{}, gradient{};
  };
  template <Scalar T>
  Copies<T>& copies();
  template <Scalar T>
  using Gradients = std::vector<std::span<const T>>;

  template <Scalar T>
  void look(std::size_t step, std::optional<double> here, const Gradients<T>& gradients);
  template <Scalar T>
  bool glance(std::size_t step, std::optional<double> here, const Gradients<T>& gradients);
  double cost_at(std::span<const double> theta);
  [[nodiscard]] std::ptrdiff_t offset(std::size_t leaf) const {
    return static_cast<std::ptrdiff_t>(layout_->offset(leaf));
  }

  Var cost_;
  Plan plan_;  // of the cost
  std::optional<LeafLayout> layout_;
  std::optional<Monitor> monitor_;
  DomainEdges edges_;
  std::vector<Var> others_;  // leaves of the cost that are not in θ
  Copies<float> narrow_;
  Copies<double> wide_;
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
