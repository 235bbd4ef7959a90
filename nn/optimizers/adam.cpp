#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

void detail::record_adam(StepRecorder& r, const Adam& o, Decay decay) {
  require_decay(r.optimizer(), "beta1", o.beta1);
  require_decay(r.optimizer(), "beta2", o.beta2);
  require_at_least_0(r.optimizer(), "epsilon", o.epsilon);
  if (decay == Decay::in_gradient) r.add_weight_decay(o.weight_decay);
  const Var kept = decay == Decay::apart ? r.kept(o.weight_decay) : Var{};
  const Var t = r.number();
  const Var rate = r.rate() / bias_correction(r.tape(), o.beta1, t);
  const Var scale = rsqrt(bias_correction(r.tape(), o.beta2, t));
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var m = r.average(r.state(i, "m"), o.beta1, g);
    Var v = r.average(r.state(i, "v"), o.beta2, square(g));
    if (o.amsgrad) {
      const Var largest = r.state(i, "largest_v");
      v = r.update(largest, maximum(largest, v));
    }
    r.update(r.parameter(i), r.decayed(kept, i) - rate * m / (sqrt(v) * scale + o.epsilon));
  }
}

OptimizerStep Adam::operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
  detail::StepRecorder r("adam", learning_rate, parameters, gradients);
  detail::record_adam(r, *this, detail::Decay::in_gradient);
  return r.take();
}

OptimizerStep AdamW::operator()(std::span<const Var> parameters,
                                std::span<const Var> gradients) const {
  const Adam adam{learning_rate, beta1, beta2, epsilon, amsgrad, weight_decay};
  detail::StepRecorder r("adamw", learning_rate, parameters, gradients);
  detail::record_adam(r, adam, detail::Decay::apart);
  return r.take();
}

}  // namespace dtheta::nn
