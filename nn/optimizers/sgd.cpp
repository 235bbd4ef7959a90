#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;

OptimizerStep Sgd::operator()(std::span<const Var> parameters,
                              std::span<const Var> gradients) const {
  require_at_least_0("sgd", "momentum", momentum);
  detail::StepRecorder r("sgd", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    Var direction = r.gradient(i);
    if (momentum != 0) {
      const Var velocity = r.state(i, "velocity");
      const Var next = r.update(velocity, momentum * velocity + direction);
      direction = nesterov ? direction + momentum * next : next;
    }
    r.move(i, r.rate() * direction);
  }
  return r.take();
}

}  // namespace dtheta::nn
