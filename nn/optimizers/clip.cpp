#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {

using detail::require_setting;

ClippedGradients clip_by_norm(std::span<const Var> gradients, double max_norm) {
  require_setting("clip_by_norm", "max_norm", max_norm, max_norm > 0, "positive");
  if (gradients.empty()) throw ShapeError("clip_by_norm: there are no gradients");
  Var squares;
  for (const Var g : gradients) {
    const Var part = sum(square(g));
    squares = squares.exists() ? squares + part : part;
  }
  ClippedGradients result{sqrt(squares), {}};
  // As PyTorch, which keeps the quotient finite by adding 1e-6.
  const Var factor = minimum(max_norm / (result.norm + 1e-6), 1);
  for (const Var g : gradients) result.gradients.push_back(g * factor);
  return result;
}

std::vector<Var> clip_by_value(std::span<const Var> gradients, double limit) {
  require_setting("clip_by_value", "limit", limit, limit > 0, "positive");
  std::vector<Var> result;
  for (const Var g : gradients) result.push_back(clamp(g, -limit, limit));
  return result;
}

}  // namespace dtheta::nn
