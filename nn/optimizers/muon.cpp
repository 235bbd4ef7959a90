#include <algorithm>
#include <cmath>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {
namespace {

/// Rows and columns of a parameter as a matrix: the filters of a convolution are its rows.
Shape matrix_of(const Shape& shape) { return {shape[0], shape.size() / shape[0]}; }

/// Brings all singular values near 1. On them one pass is x -> a x + b x^3 + c x^5.
Var orthogonalized(Var x, const Muon& o) {
  const bool tall = x.shape()[0] > x.shape()[1];
  if (tall) x = swap_axes(x, 0, 1);
  x = x / maximum(sqrt(sum(square(x))), o.epsilon);
  const auto [a, b, c] = o.coefficients;
  for (int i = 0; i < o.passes; ++i) {
    const Var gram = matmul(x, swap_axes(x, 0, 1));
    x = a * x + matmul(b * gram + c * matmul(gram, gram), x);
  }
  return tall ? swap_axes(x, 0, 1) : x;
}

double scale_of(const Shape& matrix, bool match_adamw) {
  const auto rows = static_cast<double>(matrix[0]), columns = static_cast<double>(matrix[1]);
  return match_adamw ? 0.2 * std::sqrt(std::max(rows, columns))
                     : std::sqrt(std::max(1.0, rows / columns));
}

void require_valid(const Muon& o) {
  detail::require_setting("muon", "learning_rate", o.learning_rate, o.learning_rate > 0,
                          "positive");
  detail::require_decay("muon", "momentum", o.momentum);
  detail::require_setting("muon", "epsilon", o.epsilon, o.epsilon > 0, "positive");
  detail::require_setting("muon", "passes", o.passes, o.passes >= 1 && o.passes < 100,
                          "in [1, 100)");
}

void record_matrices(detail::StepRecorder& r, const Muon& o) {
  const Var kept = r.kept(o.weight_decay);
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var g = r.gradient(i);
    const Var mean = r.average(r.state(i, "mean"), o.momentum, g);
    const Var direction = o.nesterov ? (1 - o.momentum) * g + o.momentum * mean : mean;
    const Shape matrix = matrix_of(g.shape());
    const Var by = reshape(orthogonalized(reshape(direction, matrix), o), g.shape());
    r.update(r.parameter(i), r.decayed(kept, i) - scale_of(matrix, o.match_adamw) * r.rate() * by);
  }
}

}  // namespace

OptimizerStep Muon::operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
  require_valid(*this);
  // Who complains of operands that do not fit, and who has the learning rate, is one for all.
  detail::StepRecorder r("muon", learning_rate, parameters, gradients);
  std::vector<Var> matrices, of_matrices, rest, of_rest;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const bool is_matrix = parameters[i].rank() > 1 && parameters[i].size() > 0;
    (is_matrix ? matrices : rest).push_back(parameters[i]);
    (is_matrix ? of_matrices : of_rest).push_back(gradients[i]);
  }
  if (!matrices.empty()) {
    detail::StepRecorder part("muon", r.rate(), matrices, of_matrices);
    record_matrices(part, *this);
    r.add(part.take());
  }
  if (!rest.empty()) {
    const AdamW& o = others;
    detail::require_at_least_0("muon", "others.learning_rate", o.learning_rate);
    const Var rate = r.rate() * (o.learning_rate / learning_rate);
    detail::StepRecorder part("muon", rate, rest, of_rest);
    const Adam adam{o.learning_rate, o.beta1, o.beta2, o.epsilon, o.amsgrad, o.weight_decay};
    detail::record_adam(part, adam, detail::Decay::apart);
    r.add(part.take());
  }
  return r.take();
}

}  // namespace dtheta::nn
