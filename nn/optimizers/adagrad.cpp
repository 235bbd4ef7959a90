#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;

OptimizerStep Adagrad::operator()(std::span<const Var> parameters,
                                  std::span<const Var> gradients) const {
  require_at_least_0("adagrad", "epsilon", epsilon);
  require_at_least_0("adagrad", "initial_accumulator", initial_accumulator);
  detail::StepRecorder r("adagrad", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var squares = r.state(i, "squares", initial_accumulator);
    const Var next = r.update(squares, squares + square(g));
    r.move(i, r.rate() * g / (sqrt(next) + epsilon));
  }
  return r.take();
}

}  // namespace dtheta::nn
