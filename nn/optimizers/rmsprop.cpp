#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;
using detail::require_decay;

OptimizerStep RmsProp::operator()(std::span<const Var> parameters,
                                  std::span<const Var> gradients) const {
  require_decay("rmsprop", "decay", decay);
  require_at_least_0("rmsprop", "epsilon", epsilon);
  require_at_least_0("rmsprop", "momentum", momentum);
  detail::StepRecorder r("rmsprop", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    Var variance = r.average(r.state(i, "squares"), decay, square(g));
    if (centered) {
      variance = variance - square(r.average(r.state(i, "mean"), decay, g));
    }
    Var direction = g / (sqrt(variance) + epsilon);
    if (momentum != 0) {
      const Var velocity = r.state(i, "velocity");
      direction = r.update(velocity, momentum * velocity + direction);
    }
    r.move(i, r.rate() * direction);
  }
  return r.take();
}

}  // namespace dtheta::nn
