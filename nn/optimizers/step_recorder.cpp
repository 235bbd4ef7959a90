#include "nn/optimizers/step_recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"

namespace dtheta::nn::detail {

void require_setting(std::string_view optimizer, std::string_view setting, double value, bool holds,
                     std::string_view rule) {
  if (holds) return;
  throw ValueError(fmt::format("{}: {} {}, must be {}", optimizer, setting, value, rule));
}

void require_at_least_0(std::string_view optimizer, std::string_view setting, double value) {
  require_setting(optimizer, setting, value, value >= 0, "at least 0");
}

void require_decay(std::string_view optimizer, std::string_view setting, double value) {
  require_setting(optimizer, setting, value, value >= 0 && value < 1, "in [0, 1)");
}

StepRecorder::StepRecorder(std::string_view optimizer, double learning_rate,
                           std::span<const Var> parameters, std::span<const Var> gradients)
    : optimizer_(optimizer),
      parameters_(parameters),
      gradients_(gradients.begin(), gradients.end()) {
  require_at_least_0(optimizer, "learning_rate", learning_rate);
  require_fit();
  step_.learning_rate = tape().leaf(Tensor(learning_rate), "learning_rate");
}

StepRecorder::StepRecorder(std::string_view optimizer, Var learning_rate,
                           std::span<const Var> parameters, std::span<const Var> gradients)
    : optimizer_(optimizer),
      parameters_(parameters),
      gradients_(gradients.begin(), gradients.end()) {
  require_fit();
  step_.learning_rate = learning_rate;
}

void StepRecorder::require_fit() const {
  if (parameters_.empty() || parameters_.size() != gradients_.size()) {
    throw ShapeError(fmt::format("{}: {} gradients for {} parameters", optimizer_,
                                 gradients_.size(), parameters_.size()));
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].shape() == gradients_[i].shape()) continue;
    throw ShapeError(
        fmt::format("{}: gradient {} of {} does not have the shape {} of its parameter", optimizer_,
                    i, to_string(gradients_[i].shape()), to_string(parameters_[i].shape())));
  }
}

void StepRecorder::add_weight_decay(double weight_decay) {
  require_at_least_0(optimizer_, "weight_decay", weight_decay);
  if (weight_decay == 0) return;
  for (std::size_t i = 0; i < count(); ++i) {
    gradients_[i] = gradients_[i] + weight_decay * parameters_[i];
  }
}

Var StepRecorder::kept(double weight_decay) {
  require_at_least_0(optimizer_, "weight_decay", weight_decay);
  return weight_decay == 0 ? Var{} : 1 - rate() * weight_decay;
}

Var StepRecorder::decayed(Var kept, std::size_t i) const {
  return kept.exists() ? kept * parameters_[i] : parameters_[i];
}

Var StepRecorder::state(std::size_t i, std::string_view name, double initial) const {
  return state(i, name, parameters_[i].shape(), initial);
}

Var StepRecorder::state(std::size_t i, std::string_view name, const Shape& shape,
                        double initial) const {
  Tensor value(shape);
  std::ranges::fill(value.data<double>(), initial);
  const std::string_view owner = tape().name(parameters_[i].index());
  const std::string own = fmt::format("{}.{}", optimizer_, name);
  return tape().leaf(value, owner.empty() ? own : fmt::format("{}.{}", owner, own));
}

Var StepRecorder::state(std::string_view name, double initial) const {
  return tape().leaf(Tensor(initial), fmt::format("{}.{}", optimizer_, name));
}

Var StepRecorder::update(Var leaf, Var value) {
  step_.updates.emplace_back(leaf, value);
  return value;
}

Var StepRecorder::average(Var state, double decay, Var value) {
  return update(state, decay * state + (1 - decay) * value);
}

Var StepRecorder::number() {
  const Var done = state("steps", 0);
  return update(done, done + 1);
}

void StepRecorder::add(OptimizerStep other) {
  step_.updates.insert(step_.updates.end(), other.updates.begin(), other.updates.end());
}

Var bias_correction(Tape& tape, double beta, Var t) {
  return -expm1(t * log1p(tape.constant(beta - 1)));
}

}  // namespace dtheta::nn::detail
