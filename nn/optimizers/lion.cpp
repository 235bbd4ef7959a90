#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_decay;

OptimizerStep Lion::operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
  require_decay("lion", "beta1", beta1);
  require_decay("lion", "beta2", beta2);
  detail::StepRecorder r("lion", learning_rate, parameters, gradients);
  const Var kept = r.kept(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i), m = r.state(i, "m");
    const Var direction = sign(beta1 * m + (1 - beta1) * g);
    r.average(m, beta2, g);
    r.update(r.parameter(i), r.decayed(kept, i) - r.rate() * direction);
  }
  return r.take();
}

}  // namespace dtheta::nn
