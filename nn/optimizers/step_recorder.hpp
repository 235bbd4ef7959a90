#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "autodiff/tape.hpp"
#include "nn/optimizer.hpp"

namespace dtheta::nn::detail {

/// Throws ValueError: `adam: beta1 1.5, must be in [0, 1)`.
void require_setting(std::string_view optimizer, std::string_view setting, double value, bool holds,
                     std::string_view rule);
/// For a setting whose only bound is 0.
void require_at_least_0(std::string_view optimizer, std::string_view setting, double value);
/// For the weight of the past in a running mean.
void require_decay(std::string_view optimizer, std::string_view setting, double value);

/// A step while it is being recorded.
class StepRecorder {
 public:
  StepRecorder(std::string_view optimizer, double learning_rate, std::span<const Var> parameters,
               std::span<const Var> gradients);
  /// Of some of the parameters, in a step whose learning rate is there already.
  StepRecorder(std::string_view optimizer, Var learning_rate, std::span<const Var> parameters,
               std::span<const Var> gradients);

  [[nodiscard]] std::string_view optimizer() const { return optimizer_; }
  [[nodiscard]] Tape& tape() const { return parameters_[0].tape(); }
  [[nodiscard]] std::size_t count() const { return parameters_.size(); }
  [[nodiscard]] Var rate() const { return step_.learning_rate; }
  [[nodiscard]] Var parameter(std::size_t i) const { return parameters_[i]; }
  [[nodiscard]] Var gradient(std::size_t i) const { return gradients_[i]; }

  /// Adds weight_decay * p to each gradient.
  void add_weight_decay(double weight_decay);
  /// 1 - rate * weight_decay, which parameters are multiplied with where the decay is apart from
  /// the gradient; no Var without decay.
  [[nodiscard]] Var kept(double weight_decay);
  /// kept * p, or p without decay.
  [[nodiscard]] Var decayed(Var kept, std::size_t i) const;

  /// State of parameter i, named after it and the optimiser: "0.weight.adam.m". Checkpoints know
  /// it by that name, which must stay.
  [[nodiscard]] Var state(std::size_t i, std::string_view name, double initial = 0) const;
  [[nodiscard]] Var state(std::size_t i, std::string_view name, const Shape& shape,
                          double initial = 0) const;
  /// State of the whole step, a scalar: "adam.steps".
  [[nodiscard]] Var state(std::string_view name, double initial) const;

  /// Notes the next value of a state or parameter, and returns it.
  Var update(Var leaf, Var value);
  void move(std::size_t i, Var by) { update(parameters_[i], parameters_[i] - by); }
  /// A running mean: decay * state + (1 - decay) * value.
  Var average(Var state, double decay, Var value);
  /// The number of this step, from 1.
  Var number();

  /// Takes over the updates of a step of other parameters.
  void add(OptimizerStep other);
  [[nodiscard]] OptimizerStep take() { return std::move(step_); }

 private:
  void require_fit() const;

  std::string_view optimizer_;
  std::span<const Var> parameters_;
  std::vector<Var> gradients_;
  OptimizerStep step_;
};

/// 1 - beta^t. As written it would lose the digits that float32 needs for beta near 1.
[[nodiscard]] Var bias_correction(Tape& tape, double beta, Var t);

/// Where the decay of weights goes.
enum class Decay { in_gradient, apart };
/// Adam's step; AdamW's where the decay is apart.
void record_adam(StepRecorder& r, const Adam& o, Decay decay);

}  // namespace dtheta::nn::detail
