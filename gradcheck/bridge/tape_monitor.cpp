#include "gradcheck/bridge/tape_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "autodiff/tape.hpp"
#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
TapeMonitor::TapeMonitor(Var cost, std::span<const CheckedLeaf> leaves, MonitorOptions options,
                         Where where)
    : cost_(cost), where_(where), on_alarm_(std::move(options.on_alarm)) {
  require_single(cost);
  for (const CheckedLeaf& l : leaves) require_leaf(cost, l.leaf, l.name);
  layout_.emplace(cost, vars_of(leaves));
  Tape& tape = cost.tape();
  const bool narrow = tape.precision() == DType::float32;
  if (narrow) options.gradient_roundoff = std::max(options.gradient_roundoff, 0x1p-24);
  // Raised by `finish`, in the training thread.
  options.on_alarm = [this](const MonitorAlarm& alarm) { alarm_ = alarm; };
  monitor_.emplace(parameters_of(leaves), std::move(options));
  const Plan plan({cost});
  for (std::uint32_t i = 0; i <= cost.index(); ++i) {
    const Var x(tape, i);
    const bool watched =
        std::ranges::any_of(leaves, [&](const CheckedLeaf& l) { return l.leaf.is(x); });
    if (tape.node(i).role == Role::leaf && plan.has_leaf(x) && !watched) others_.push_back(x);
  }
  ws_.emplace(plan);
  theta_.resize(layout_->size());
  gradient_.resize(layout_->size());
}

template <Scalar T>
void TapeMonitor::before(std::size_t step, const Workspace<T>& ws) {
  if (!monitor_->due(step)) return;
  finish();
  for (const Var x : others_) {
    if (x.is_index()) {
      std::ranges::copy(ws.indices(x), ws_->index_leaf(x).begin());
    } else {
      std::ranges::copy(ws[x], ws_->leaf(x).begin());
    }
  }
  for (std::size_t k = 0; k < layout_->leaves().size(); ++k) {
    std::ranges::copy(ws[layout_->leaves()[k]],
                      theta_.begin() + static_cast<std::ptrdiff_t>(layout_->offset(k)));
  }
}

template <Scalar T>
void TapeMonitor::after(std::size_t step, const Workspace<T>& ws, std::span<const Var> gradients) {
  if (!monitor_->due(step)) return;
  const auto leaves = layout_->leaves();
  if (gradients.size() != leaves.size()) {
    throw ShapeError(
        fmt::format("monitor: {} gradients for {} leaves", gradients.size(), leaves.size()));
  }
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const auto g = ws[gradients[k]];
    if (g.size() != static_cast<std::size_t>(leaves[k].size())) {
      throw ShapeError(fmt::format("monitor: gradient {} has {} elements, its leaf {}", k, g.size(),
                                   leaves[k].size()));
    }
    std::ranges::copy(g, gradient_.begin() + static_cast<std::ptrdiff_t>(layout_->offset(k)));
  }
  if (where_ == Where::background) {
    pending_ = std::async(std::launch::async, [this, step] { look(step); });
    return;
  }
  look(step);
  finish();
}

void TapeMonitor::look(std::size_t step) {
  const Cost cost = [this](std::span<const double> theta) { return cost_at(theta); };
  monitor_->look(step, cost, theta_, gradient_);
}

void TapeMonitor::finish() {
  if (pending_.valid()) pending_.get();
  if (!alarm_) return;
  const MonitorAlarm alarm = *std::exchange(alarm_, {});
  if (!on_alarm_) throw GradientAlarm(alarm);
  on_alarm_(alarm);
}

double TapeMonitor::cost_at(std::span<const double> theta) {
  layout_->set(*ws_, theta);
  ws_->run();
  return (*ws_)[cost_][0];
}

template void TapeMonitor::before(std::size_t, const Workspace<float>&);
template void TapeMonitor::before(std::size_t, const Workspace<double>&);
template void TapeMonitor::after(std::size_t, const Workspace<float>&, std::span<const Var>);
template void TapeMonitor::after(std::size_t, const Workspace<double>&, std::span<const Var>);

nn::StepHook monitor_hook(MonitorOptions options, TapeMonitor::Where where) {
  // The step is recorded by the time of the first call.
  const auto monitor = std::make_shared<std::optional<TapeMonitor>>();
  const std::size_t every = options.every;
  nn::StepHook hook;
  hook.at = [every](Index step) {
    return every > 0 && static_cast<std::size_t>(step) % every == 0;
  };
  hook.run = [monitor, options, where](const nn::Trainer& trainer) {
    const nn::RecordedCost& cost = trainer.recorded().cost;
    if (!*monitor) monitor->emplace(cost.cost, checked_leaves(cost.parameters), options, where);
    (*monitor)->before(static_cast<std::size_t>(trainer.step()), trainer.workspace());
  };
  hook.after = [monitor](const nn::Trainer& trainer) {
    (*monitor)->after(static_cast<std::size_t>(trainer.step()), trainer.workspace(),
                      trainer.recorded().gradients);
  };
  return hook;
}

}  // namespace dtheta::gradcheck
