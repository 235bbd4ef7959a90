#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;
using detail::require_decay;

OptimizerStep Adadelta::operator()(std::span<const Var> parameters,
                                   std::span<const Var> gradients) const {
  require_decay("adadelta", "decay", decay);
  require_at_least_0("adadelta", "epsilon", epsilon);
  detail::StepRecorder r("adadelta", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var squares = r.average(r.state(i, "squares"), decay, square(g));
    const Var moved = r.state(i, "moved");
    const Var by = sqrt(moved + epsilon) / sqrt(squares + epsilon) * g;
    r.average(moved, decay, square(by));
    r.move(i, r.rate() * by);
  }
  return r.take();
}

}  // namespace dtheta::nn
