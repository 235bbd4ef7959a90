#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/indexing_form.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_at_least_0;

namespace {

/// What the rows of a parameter that were looked up receive, and which they are: the gradient of an
/// embedding without its zeros. No Var where the gradient is of another form.
struct LookedUp {
  Var rows;
  Var indices;
};
LookedUp looked_up(Var gradient) {
  const Tape& tape = gradient.tape();
  const auto form = as_scatter_add(tape.node(gradient));
  if (!form || form->axis != 0) return {};
  const auto in = tape.inputs(gradient.index());
  return {Var(gradient.tape(), in[0]), Var(gradient.tape(), in[1])};
}

}  // namespace

OptimizerStep Sgd::operator()(std::span<const Var> parameters,
                              std::span<const Var> gradients) const {
  require_at_least_0("sgd", "momentum", momentum);
  detail::StepRecorder r("sgd", learning_rate, parameters, gradients);
  r.add_weight_decay(weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    Var direction = r.gradient(i);
    if (const LookedUp at = momentum == 0 ? looked_up(direction) : LookedUp{}; at.rows.exists()) {
      // Rows that were not looked up stay as they are: they are not even read.
      const Var places = expand_dims(at.indices, -1);
      r.update(r.parameter(i), scatter_nd_add(r.parameter(i), places, -(r.rate() * at.rows)));
      continue;
    }
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
