#include <cmath>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

OptimizerStep NAdam::operator()(std::span<const Var> parameters,
                                std::span<const Var> gradients) const {
  detail::require_decay("nadam", "beta1", beta1);
  detail::require_decay("nadam", "beta2", beta2);
  detail::require_at_least_0("nadam", "epsilon", epsilon);
  detail::require_at_least_0("nadam", "momentum_decay", momentum_decay);
  detail::StepRecorder r("nadam", learning_rate, parameters, gradients);
  if (!decoupled_weight_decay) r.add_weight_decay(weight_decay);
  const Var kept = decoupled_weight_decay ? r.kept(weight_decay) : Var{};

  const Var t = r.number();
  const double slope = momentum_decay * std::log(0.96);
  const auto mu_at = [&](const Var& step) { return beta1 * (1 - 0.5 * exp(slope * step)); };
  const Var mu = mu_at(t), next_mu = mu_at(t + 1);
  const Var before = r.state("mu_product", 1);
  const Var product = r.update(before, before * mu);
  const Var of_gradient = r.rate() * (1 - mu) / (1 - product);
  const Var of_mean = r.rate() * next_mu / (1 - product * next_mu);
  const Var scale = rsqrt(detail::bias_correction(r.tape(), beta2, t));
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var m = r.average(r.state(i, "m"), beta1, g);
    const Var v = r.average(r.state(i, "v"), beta2, square(g));
    const Var by = (of_gradient * g + of_mean * m) / (sqrt(v) * scale + epsilon);
    r.update(r.parameter(i), r.decayed(kept, i) - by);
  }
  return r.take();
}

}  // namespace dtheta::nn
