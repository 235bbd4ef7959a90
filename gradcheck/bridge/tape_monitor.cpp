#include "gradcheck/bridge/tape_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "autodiff/tape.hpp"
#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

template <Scalar From, Scalar To>
void copy_leaves(std::span<const Var> leaves, const Workspace<From>& from, Workspace<To>& to) {
  for (const Var x : leaves) {
    if (x.is_index()) {
      std::ranges::copy(from.indices(x), to.index_leaf(x).begin());
    } else {
      std::ranges::transform(from[x], to.leaf(x).begin(),
                             [](From v) { return static_cast<To>(v); });
    }
  }
}

/// J as a run left it, if its plan keeps it.
template <Scalar T>
std::optional<double> kept_cost(const Workspace<T>& ws, Var cost) {
  if (!ws.plan().keeps(cost)) return {};
  return static_cast<double>(ws[cost][0]);
}

}  // namespace

TapeMonitor::TapeMonitor(Var cost, std::span<const CheckedLeaf> leaves, MonitorOptions options,
                         Where where)
    : cost_((require_single(cost), cost)),
      plan_({cost}),
      where_(where),
      on_alarm_(std::move(options.on_alarm)) {
  for (const CheckedLeaf& l : leaves) require_leaf(cost, l.leaf, l.name);
  layout_.emplace(cost, vars_of(leaves));
  Tape& tape = cost.tape();
  const bool narrow = tape.precision() == DType::float32;
  if (narrow) options.gradient_roundoff = std::max(options.gradient_roundoff, 0x1p-24);
  // Raised by `finish`, in the training thread.
  options.on_alarm = [this](const MonitorAlarm& alarm) { alarm_ = alarm; };
  monitor_.emplace(parameters_of(leaves), std::move(options));
  for (std::uint32_t i = 0; i <= cost.index(); ++i) {
    const Var x(tape, i);
    const bool watched =
        std::ranges::any_of(leaves, [&](const CheckedLeaf& l) { return l.leaf.is(x); });
    if (tape.node(i).role == Role::leaf && plan_.has_leaf(x) && !watched) others_.push_back(x);
  }
}

template <Scalar T>
TapeMonitor::Copies<T>& TapeMonitor::copies() {
  auto& own = [this]() -> Copies<T>& {
    if constexpr (std::same_as<T, float>) {
      return narrow_;
    } else {
      return wide_;
    }
  }();
  if (!own.ws) {
    own.ws.emplace(plan_);
    own.theta.resize(layout_->size());
  }
  return own;
}

template <Scalar T>
void TapeMonitor::before(std::size_t step, const Workspace<T>& ws) {
  if (!monitor_->due(step)) return;
  if (pending_.valid()) pending_.wait();
  Copies<T>& own = copies<T>();
  copy_leaves(others_, ws, *own.ws);
  for (std::size_t k = 0; k < layout_->leaves().size(); ++k) {
    std::ranges::copy(ws[layout_->leaves()[k]], own.theta.begin() + offset(k));
  }
  finish();  // last: who catches the alarm of the look before may go on with this one
}

template <Scalar T>
void TapeMonitor::after(std::size_t step, const Workspace<T>& ws, std::span<const Var> gradients) {
  if (!monitor_->due(step)) return;
  const auto leaves = layout_->leaves();
  if (gradients.size() != leaves.size()) {
    throw ShapeError(
        fmt::format("monitor: {} gradients for {} leaves", gradients.size(), leaves.size()));
  }
  Gradients<T> parts;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const auto g = parts.emplace_back(ws[gradients[k]]);
    if (g.size() != static_cast<std::size_t>(leaves[k].size())) {
      throw ShapeError(fmt::format("monitor: gradient {} has {} elements, its leaf {}", k, g.size(),
                                   leaves[k].size()));
    }
  }
  const std::optional<double> here = kept_cost(ws, cost_);
  if (where_ == Where::background) {
    Copies<T>& own = copies<T>();
    own.gradient.resize(layout_->size());
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const std::span<T> to = std::span(own.gradient).subspan(layout_->offset(k), parts[k].size());
      std::ranges::copy(parts[k], to.begin());
      parts[k] = to;
    }
    pending_ =
        std::async(std::launch::async, [this, step, here, parts] { look<T>(step, here, parts); });
    return;
  }
  look<T>(step, here, parts);
  finish();
}

template <Scalar T>
void TapeMonitor::look(std::size_t step, std::optional<double> here,
                       const Gradients<T>& gradients) {
  if (glance<T>(step, here, gradients)) return;
  Copies<T>& own = copies<T>();
  Copies<double>& exact = copies<double>();
  exact.gradient.resize(layout_->size());
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    std::ranges::copy(gradients[k], exact.gradient.begin() + offset(k));
  }
  if constexpr (!std::same_as<T, double>) {
    copy_leaves(others_, *own.ws, *exact.ws);
    std::ranges::copy(own.theta, exact.theta.begin());
  }
  const Cost cost = [this](std::span<const double> theta) { return cost_at(theta); };
  monitor_->look(step, cost, exact.theta, exact.gradient);
}

/// True if one more evaluation of J was enough.
template <Scalar T>
bool TapeMonitor::glance(std::size_t step, std::optional<double> here,
                         const Gradients<T>& gradients) {
  Monitor::Glance seen{.step = step, .roundoff = unit_roundoff_of<T>()};
  if (monitor_->wants_exact(seen.roundoff)) return false;
  Copies<T>& own = copies<T>();
  RandomDirection& d = monitor_->direction();
  const auto theta_of = [&](std::size_t k) {
    return std::span<const T>(own.theta).subspan(layout_->offset(k), gradients[k].size());
  };
  for (std::size_t k = 0; k < gradients.size(); ++k) d.measure(layout_->offset(k), theta_of(k));
  d.turn(monitor_->probes());
  const auto cost_along = [&](double t) {
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      const Var x = layout_->leaves()[k];
      if (!plan_.has_leaf(x)) continue;
      d.move(layout_->offset(k), theta_of(k), t, own.ws->leaf(x));
    }
    own.ws->run();
    return static_cast<double>((*own.ws)[cost_][0]);
  };
  seen.here = here ? *here : cost_along(0.0);
  seen.moved = edges_.value_or_nan([&] { return cost_along(Monitor::glance_step(seen.roundoff)); });
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    seen.promised += d.along(layout_->offset(k), gradients[k]);
  }
  return monitor_->glance(seen);
}

void TapeMonitor::finish() {
  if (pending_.valid()) pending_.get();
  if (!alarm_) return;
  const MonitorAlarm alarm = *std::exchange(alarm_, {});
  if (!on_alarm_) throw GradientAlarm(alarm);
  on_alarm_(alarm);
}

/// NaN where the replay throws: another branch of a recorded `if` is beyond what was
/// differentiated.
double TapeMonitor::cost_at(std::span<const double> theta) {
  return edges_.value_or_nan([&] {
    layout_->set(*wide_.ws, theta);
    wide_.ws->run();
    return (*wide_.ws)[cost_][0];
  });
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
