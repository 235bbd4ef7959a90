#include "nn/optimizer.hpp"

#include <fmt/format.h>

#include <string_view>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::nn {
namespace {

void require(std::string_view optimizer, std::string_view setting, double value, bool holds,
             std::string_view rule) {
  if (holds) return;
  throw ValueError(fmt::format("{}: {} {}, must be {}", optimizer, setting, value, rule));
}

/// A setting whose only bound is 0.
void require_at_least_0(std::string_view optimizer, std::string_view setting, double value) {
  require(optimizer, setting, value, value >= 0, "at least 0");
}

/// The weight of the past in a running mean.
void require_decay(std::string_view optimizer, std::string_view setting, double value) {
  require(optimizer, setting, value, value >= 0 && value < 1, "in [0, 1)");
}

/// A step while it is being recorded.
class StepRecorder {
 public:
  StepRecorder(std::string_view optimizer, double learning_rate, std::span<const Var> parameters,
               std::span<const Var> gradients)
      : parameters_(parameters) {
    require_at_least_0(optimizer, "learning_rate", learning_rate);
    require_fit(optimizer, gradients);
    step_.learning_rate = tape().leaf(Tensor(learning_rate), "learning_rate");
    gradients_.assign(gradients.begin(), gradients.end());
  }

  [[nodiscard]] Tape& tape() const { return parameters_[0].tape(); }
  [[nodiscard]] std::size_t count() const { return parameters_.size(); }
  [[nodiscard]] Var rate() const { return step_.learning_rate; }
  [[nodiscard]] Var parameter(std::size_t i) const { return parameters_[i]; }
  [[nodiscard]] Var gradient(std::size_t i) const { return gradients_[i]; }

  void add_weight_decay(std::string_view optimizer, double weight_decay) {
    require_at_least_0(optimizer, "weight_decay", weight_decay);
    if (weight_decay == 0) return;
    for (std::size_t i = 0; i < count(); ++i) {
      gradients_[i] = gradients_[i] + weight_decay * parameters_[i];
    }
  }

  /// State of parameter i's shape, named after it: "0.weight.adam.m".
  [[nodiscard]] Var state(std::size_t i, std::string_view name, double initial = 0) const {
    Tensor value(parameters_[i].shape());
    for (double& v : value.data<double>()) v = initial;
    const std::string_view owner = tape().name(parameters_[i].index());
    return tape().leaf(value,
                       owner.empty() ? std::string(name) : fmt::format("{}.{}", owner, name));
  }

  /// Notes the next value of a state or parameter, and returns it.
  Var update(Var leaf, Var value) {
    step_.updates.emplace_back(leaf, value);
    return value;
  }
  void move(std::size_t i, Var by) { update(parameters_[i], parameters_[i] - by); }

  /// A running mean: decay * state + (1 - decay) * value.
  Var average(Var state, double decay, Var value) {
    return update(state, decay * state + (1 - decay) * value);
  }

  /// The number of this step, from 1.
  Var number() {
    const Var done = tape().leaf(Tensor(0.0), "steps");
    return update(done, done + 1);
  }

  [[nodiscard]] OptimizerStep take() { return std::move(step_); }

 private:
  void require_fit(std::string_view optimizer, std::span<const Var> gradients) const {
    if (parameters_.empty() || parameters_.size() != gradients.size()) {
      throw ShapeError(fmt::format("{}: {} gradients for {} parameters", optimizer,
                                   gradients.size(), parameters_.size()));
    }
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (parameters_[i].shape() == gradients[i].shape()) continue;
      throw ShapeError(fmt::format(
          "{}: gradient {} of {} does not have the shape {} of its "
          "parameter",
          optimizer, i, to_string(gradients[i].shape()), to_string(parameters_[i].shape())));
    }
  }

  std::span<const Var> parameters_;
  std::vector<Var> gradients_;
  OptimizerStep step_;
};

/// 1 - beta^t. As written it would lose the digits that float32 needs for beta near 1.
Var bias_correction(Tape& tape, double beta, Var t) {
  return -expm1(t * log1p(tape.constant(beta - 1)));
}

enum class Decay { in_gradient, apart };

OptimizerStep record_adam(std::string_view name, const Adam& o, Decay decay,
                          std::span<const Var> parameters, std::span<const Var> gradients) {
  require_decay(name, "beta1", o.beta1);
  require_decay(name, "beta2", o.beta2);
  require_at_least_0(name, "epsilon", o.epsilon);
  require_at_least_0(name, "weight_decay", o.weight_decay);
  StepRecorder r(name, o.learning_rate, parameters, gradients);
  if (decay == Decay::in_gradient) r.add_weight_decay(name, o.weight_decay);
  const Var t = r.number();
  const Var rate = r.rate() / bias_correction(r.tape(), o.beta1, t);
  const Var scale = rsqrt(bias_correction(r.tape(), o.beta2, t));
  const Var kept = decay == Decay::apart ? 1 - r.rate() * o.weight_decay : Var{};
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var m = r.average(r.state(i, "adam.m"), o.beta1, g);
    Var v = r.average(r.state(i, "adam.v"), o.beta2, square(g));
    if (o.amsgrad) {
      const Var largest = r.state(i, "adam.largest_v");
      v = r.update(largest, maximum(largest, v));
    }
    const Var p = kept.exists() ? kept * r.parameter(i) : r.parameter(i);
    r.update(r.parameter(i), p - rate * m / (sqrt(v) * scale + o.epsilon));
  }
  return r.take();
}

}  // namespace

OptimizerStep Sgd::operator()(std::span<const Var> parameters,
                              std::span<const Var> gradients) const {
  require_at_least_0("sgd", "momentum", momentum);
  StepRecorder r("sgd", learning_rate, parameters, gradients);
  r.add_weight_decay("sgd", weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    Var direction = r.gradient(i);
    if (momentum != 0) {
      const Var velocity = r.state(i, "sgd.velocity");
      const Var next = r.update(velocity, momentum * velocity + direction);
      direction = nesterov ? direction + momentum * next : next;
    }
    r.move(i, r.rate() * direction);
  }
  return r.take();
}

OptimizerStep Adagrad::operator()(std::span<const Var> parameters,
                                  std::span<const Var> gradients) const {
  require_at_least_0("adagrad", "epsilon", epsilon);
  require_at_least_0("adagrad", "initial_accumulator", initial_accumulator);
  StepRecorder r("adagrad", learning_rate, parameters, gradients);
  r.add_weight_decay("adagrad", weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var squares = r.state(i, "adagrad.squares", initial_accumulator);
    const Var next = r.update(squares, squares + square(g));
    r.move(i, r.rate() * g / (sqrt(next) + epsilon));
  }
  return r.take();
}

OptimizerStep Adadelta::operator()(std::span<const Var> parameters,
                                   std::span<const Var> gradients) const {
  require_decay("adadelta", "decay", decay);
  require_at_least_0("adadelta", "epsilon", epsilon);
  StepRecorder r("adadelta", learning_rate, parameters, gradients);
  r.add_weight_decay("adadelta", weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var squares = r.average(r.state(i, "adadelta.squares"), decay, square(g));
    const Var moved = r.state(i, "adadelta.moved");
    const Var by = sqrt(moved + epsilon) / sqrt(squares + epsilon) * g;
    r.average(moved, decay, square(by));
    r.move(i, r.rate() * by);
  }
  return r.take();
}

OptimizerStep RmsProp::operator()(std::span<const Var> parameters,
                                  std::span<const Var> gradients) const {
  require_decay("rmsprop", "decay", decay);
  require_at_least_0("rmsprop", "epsilon", epsilon);
  require_at_least_0("rmsprop", "momentum", momentum);
  StepRecorder r("rmsprop", learning_rate, parameters, gradients);
  r.add_weight_decay("rmsprop", weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    Var variance = r.average(r.state(i, "rmsprop.squares"), decay, square(g));
    if (centered) {
      variance = variance - square(r.average(r.state(i, "rmsprop.mean"), decay, g));
    }
    Var direction = g / (sqrt(variance) + epsilon);
    if (momentum != 0) {
      const Var velocity = r.state(i, "rmsprop.velocity");
      direction = r.update(velocity, momentum * velocity + direction);
    }
    r.move(i, r.rate() * direction);
  }
  return r.take();
}

OptimizerStep Adam::operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
  return record_adam("adam", *this, Decay::in_gradient, parameters, gradients);
}

OptimizerStep AdamW::operator()(std::span<const Var> parameters,
                                std::span<const Var> gradients) const {
  const Adam adam{learning_rate, beta1, beta2, epsilon, amsgrad, weight_decay};
  return record_adam("adamw", adam, Decay::apart, parameters, gradients);
}

OptimizerStep Adamax::operator()(std::span<const Var> parameters,
                                 std::span<const Var> gradients) const {
  require_decay("adamax", "beta1", beta1);
  require_decay("adamax", "beta2", beta2);
  require_at_least_0("adamax", "epsilon", epsilon);
  StepRecorder r("adamax", learning_rate, parameters, gradients);
  r.add_weight_decay("adamax", weight_decay);
  const Var rate = r.rate() / bias_correction(r.tape(), beta1, r.number());
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var m = r.average(r.state(i, "adamax.m"), beta1, g);
    const Var largest = r.state(i, "adamax.largest");
    const Var next = r.update(largest, maximum(beta2 * largest, abs(g) + epsilon));
    r.move(i, rate * m / next);
  }
  return r.take();
}

OptimizerStep Lion::operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
  require_decay("lion", "beta1", beta1);
  require_decay("lion", "beta2", beta2);
  require_at_least_0("lion", "weight_decay", weight_decay);
  StepRecorder r("lion", learning_rate, parameters, gradients);
  const Var kept = 1 - r.rate() * weight_decay;
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i), m = r.state(i, "lion.m");
    const Var direction = sign(beta1 * m + (1 - beta1) * g);
    r.average(m, beta2, g);
    r.update(r.parameter(i), kept * r.parameter(i) - r.rate() * direction);
  }
  return r.take();
}

ClippedGradients clip_by_norm(std::span<const Var> gradients, double max_norm) {
  require("clip_by_norm", "max_norm", max_norm, max_norm > 0, "positive");
  if (gradients.empty()) throw ShapeError("clip_by_norm: there are no gradients");
  Var squares;
  for (const Var g : gradients) {
    const Var part = sum(square(g));
    squares = squares.exists() ? squares + part : part;
  }
  ClippedGradients result{sqrt(squares), {}};
  // As PyTorch, which keeps the quotient finite by adding 1e-6.
  const Var factor = minimum(max_norm / (result.norm + 1e-6), 1);
  for (const Var g : gradients) result.gradients.push_back(g * factor);
  return result;
}

std::vector<Var> clip_by_value(std::span<const Var> gradients, double limit) {
  require("clip_by_value", "limit", limit, limit > 0, "positive");
  std::vector<Var> result;
  for (const Var g : gradients) result.push_back(clamp(g, -limit, limit));
  return result;
}

}  // namespace dtheta::nn
