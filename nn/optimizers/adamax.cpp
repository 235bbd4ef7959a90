#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;
using detail::require_decay;

OptimizerStep Adamax::operator()(std::span<const Var> parameters,
                                 std::span<const Var> gradients) const {
  require_decay("adamax", "beta1", beta1);
  require_decay("adamax", "beta2", beta2);
  require_at_least_0("adamax", "epsilon", epsilon);
  detail::StepRecorder r("adamax", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  const Var rate = r.rate() / detail::bias_correction(r.tape(), beta1, r.number());
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var m = r.average(r.state(i, "m"), beta1, g);
    const Var largest = r.state(i, "largest");
    const Var next = r.update(largest, maximum(beta2 * largest, abs(g) + epsilon));
    r.move(i, rate * m / next);
  }
  return r.take();
}

}  // namespace dtheta::nn
