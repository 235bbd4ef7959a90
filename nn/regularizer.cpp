#include "nn/regularizer.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "nn/names.hpp"

namespace dtheta::nn {
namespace {

constexpr std::array convention_names{
    Named{"lambda/2m", Convention::lambda_over_2m},
    Named{"lambda/m", Convention::lambda_over_m},
    Named{"lambda", Convention::lambda},
};

constexpr std::array penalty_names{
    Named{"l1", Penalty::l1},
    Named{"l2", Penalty::l2},
    Named{"elastic_net", Penalty::elastic_net},
    Named{"group_lasso", Penalty::group_lasso},
    Named{"max_norm", Penalty::max_norm},
    Named{"orthogonal", Penalty::orthogonal},
};

void require_valid(const Regularizer& r, Index examples) {
  if (!(r.lambda >= 0 && std::isfinite(r.lambda))) {
    throw ValueError(
        fmt::format("{}: lambda {}, must be finite and at least 0", r.name(), r.lambda));
  }
  if (!(r.l1_ratio >= 0 && r.l1_ratio <= 1)) {
    throw ValueError(fmt::format("{}: l1_ratio {} is outside [0, 1]", r.name(), r.l1_ratio));
  }
  if (!(r.max_norm > 0)) {
    throw ValueError(fmt::format("{}: max_norm {}, must be above 0", r.name(), r.max_norm));
  }
  if (examples < 1) {
    throw ValueError(fmt::format("{}: {} examples, need at least 1", r.name(), examples));
  }
}

double scale_of(const Regularizer& r, Index examples) {
  const auto m = static_cast<double>(examples);
  switch (r.convention) {
    case Convention::lambda_over_2m:
      return r.lambda / (2 * m);
    case Convention::lambda_over_m:
      return r.lambda / m;
    case Convention::lambda:
      return r.lambda;
  }
  throw ValueError("regularizer: not a convention");
}

/// What feeds each unit, as rows.
Var rows_of(Var weights) {
  return weights.rank() < 2 ? reshape(weights, {1, -1}) : flatten(weights, 1, -1);
}

Var norms_of_rows(Var weights) { return norm(rows_of(weights), 2.0, Axes{1}); }

/// The products of the rows, or of the columns where there are fewer of those, less the identity.
Var distance_from_orthogonal(Var weights) {
  const Var w = rows_of(weights);
  const bool tall = w.shape()[0] > w.shape()[1];
  const Var products = matmul(w, w, tall, !tall);
  const Index n = products.shape()[0];
  Tensor identity(Shape{n, n});
  for (Index i = 0; i < n; ++i) identity.data<double>()[static_cast<std::size_t>(i * (n + 1))] = 1;
  return sum(square(products - w.tape().constant(identity)));
}

Var summed(const Regularizer& r, Var weights) {
  switch (r.penalty) {
    case Penalty::l1:
      return sum(abs(weights));
    case Penalty::l2:
      return sum(square(weights));
    case Penalty::elastic_net:
      return r.l1_ratio * sum(abs(weights)) + (1 - r.l1_ratio) * sum(square(weights));
    case Penalty::group_lasso:
      return sum(norms_of_rows(weights));
    case Penalty::max_norm:
      return sum(square(relu(norms_of_rows(weights) - r.max_norm)));
    case Penalty::orthogonal:
      return distance_from_orthogonal(weights);
  }
  throw ValueError("regularizer: not a penalty");
}

}  // namespace

Convention parse_convention(std::string_view name) {
  return detail::find_name("convention", name, convention_names);
}

std::string_view to_string(Convention convention) {
  return detail::name_of(convention, convention_names);
}

std::string_view Regularizer::name() const { return detail::name_of(penalty, penalty_names); }

Var penalty(const Regularizer& regularizer, Tape& tape,
            std::span<const RecordedParameter> parameters, Index examples) {
  require_valid(regularizer, examples);
  Var total;
  for (const RecordedParameter& p : parameters) {
    if (!p.regularized) continue;
    const Var term = summed(regularizer, p.var);
    total = total.exists() ? total + term : term;
  }
  if (!total.exists()) return tape.constant(0.0);
  return scale_of(regularizer, examples) * total;
}

}  // namespace dtheta::nn
