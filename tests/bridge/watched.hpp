#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "networks.hpp"
#include "nn/init.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_cost.hpp"
#include "nn/optimizer.hpp"

/// What the tests of the monitor watch.
namespace dtheta::gradcheck::test {

inline constexpr Index examples = 32;

/// A small network with dropout and an L2 penalty, learning the sign of a product, each step from
/// a new batch. From some step on, its gradient may be made wrong.
class Training {
 public:
  enum class Bug { none, factor, sign, no_penalty, other_masks, stale };

  explicit Training(DType precision, Bug bug = Bug::none, Index first = 0)
      : tape_(precision), bug_(bug), first_(first) {
    const Tensor x(Shape{examples, 2}), y(Shape{examples, 1});
    r_ = nn::record_cost(tape_, model_, x, y,
                         {.loss = nn::Loss::binary_cross_entropy_with_logits,
                          .regularizers = {{nn::Penalty::l2, 1.0, nn::Convention::lambda_over_2m}},
                          .examples = examples});
    const std::vector<Var> parameters = nn::leaves_of(r_.parameters);
    gradients_ = grad(r_.cost, parameters);
    unpenalised_ = grad(r_.parts.front().value, parameters);
    outputs_ = gradients_;
    spoil_ = tape_.leaf(Tensor(1.0), "spoil");
    outputs_[2] = gradients_[2] * spoil_;
    const nn::OptimizerStep step = nn::Adam{.learning_rate = 0.01}(parameters, outputs_);
    std::vector<Var> all{r_.cost, tape_.step()};
    all.insert(all.end(), outputs_.begin(), outputs_.end());
    all.insert(all.end(), unpenalised_.begin(), unpenalised_.end());
    updates_ = step.updates;
    plan_.emplace(all, PlanOptions{.updates = updates_});
  }

  /// From now on the cost is not among the outputs of a step.
  void hide_cost() {
    std::vector<Var> all{tape_.step()};
    all.insert(all.end(), outputs_.begin(), outputs_.end());
    all.insert(all.end(), unpenalised_.begin(), unpenalised_.end());
    plan_.emplace(all, PlanOptions{.updates = updates_});
  }

  /// Runs `steps` steps and returns the first one with an alarm, or -1.
  template <Scalar T>
  Index run(Index steps, MonitorOptions options,
            TapeMonitor::Where where = TapeMonitor::Where::here) {
    Index alarm = -1;
    options.on_alarm = [&](const MonitorAlarm& a) {
      if (alarm < 0) last = a;
      if (alarm < 0) alarm = static_cast<Index>(a.step);
    };
    TapeMonitor monitor(r_.cost, checked_leaves(r_.parameters), options, where);
    Workspace<T> ws(*plan_);
    Workspace<T> other(*plan_);  // computes what a bug takes for the gradient
    for (Index i = 0; i < steps && alarm < 0; ++i) {
      load(ws, i);
      const bool wrong = bug_ != Bug::none && i >= first_;
      if (wrong && bug_ == Bug::factor) ws.leaf(spoil_)[0] = T(1.2);
      if (wrong && bug_ == Bug::sign) ws.leaf(spoil_)[0] = T(-1);
      if (wrong && bug_ == Bug::other_masks) copy_of(ws, other, i + 1);
      const auto step = static_cast<std::size_t>(i);
      monitor.before(step, ws);
      if (bug_ != Bug::stale) ws.run();
      if (!wrong) {
        if (bug_ == Bug::stale) ws.run();
        monitor.after(step, ws, outputs_);
      } else if (bug_ == Bug::no_penalty) {
        monitor.after(step, ws, unpenalised_);
      } else if (bug_ == Bug::other_masks) {
        other.run();
        monitor.after(step, other, outputs_);
      } else {
        monitor.after(step, ws, outputs_);  // for `stale`, of the step before
        if (bug_ == Bug::stale) ws.run();
      }
    }
    monitor.finish();
    probes = monitor.monitor().probes();
    glances = monitor.monitor().glances();
    return alarm;
  }

  MonitorAlarm last;
  std::size_t probes = 0, glances = 0;

 private:
  template <Scalar T>
  void load(Workspace<T>& ws, Index i) {
    const Tensor x = nn::uniform({examples, 2}, -1, 1, {3, static_cast<std::uint32_t>(i)});
    const auto in = x.data<double>();
    for (std::size_t k = 0; k < in.size(); ++k) ws.leaf(r_.input)[k] = static_cast<T>(in[k]);
    for (std::size_t k = 0; k < in.size() / 2; ++k) {
      ws.leaf(r_.target)[k] = in[2 * k] * in[2 * k + 1] > 0 ? T(1) : T(0);
    }
    ws.index_leaf(tape_.step())[0] = i;
  }
  template <Scalar T>
  void copy_of(const Workspace<T>& ws, Workspace<T>& to, Index step) {
    for (const Var p : nn::leaves_of(r_.parameters)) std::ranges::copy(ws[p], to.leaf(p).begin());
    for (const Var p : {r_.input, r_.target}) std::ranges::copy(ws[p], to.leaf(p).begin());
    to.index_leaf(tape_.step())[0] = step;
  }

  /// A dense layer that starts from He's weights and no bias.
  static nn::Linear dense(Index in, Index out, std::uint32_t stream) {
    return {in, out, {1, stream}, {.weight_init = nn::he_normal, .bias_init = nn::always(0)}};
  }

  nn::Sequential model_{dense(2, 16, 1),  nn::Activation::relu, nn::Dropout(0.8, {1, 2}),
                        dense(16, 16, 3), nn::Activation::tanh, nn::Dropout(0.8, {1, 4}),
                        dense(16, 1, 5)};
  Tape tape_;
  Bug bug_;
  Index first_;
  nn::RecordedCost r_;
  std::vector<Var> gradients_, unpenalised_, outputs_;
  std::vector<std::pair<Var, Var>> updates_;
  Var spoil_;
  std::optional<Plan> plan_;
};

inline std::ostream& operator<<(std::ostream& out, Training::Bug b) {
  constexpr std::array names{"none", "factor", "sign", "no penalty", "other masks", "stale"};
  return out << names[static_cast<std::size_t>(b)];
}

/// Σ a_i θ_i² / 2 + offset with its gradient.
struct Bowl {
  Values a{1.0, 3.0, 0.5, 2.0};
  ParameterVector theta;
  Values gradient;
  double offset = 0;

  Bowl() {
    theta.add("u", 1, {2}, Values{0.3, -1.0});
    theta.add("v", 2, {2}, Values{2.0, 0.1});
    for (std::size_t i = 0; i < 4; ++i) gradient.push_back(a[i] * theta.values()[i]);
  }
  [[nodiscard]] Cost cost() const {
    return [this](std::span<const double> t) {
      double j = offset;
      for (std::size_t i = 0; i < 4; ++i) j += a[i] * t[i] * t[i] / 2;
      return j;
    };
  }
};

}  // namespace dtheta::gradcheck::test
