#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck {

/// Residuals and Jacobians as Ceres asks for them: Evaluate(parameters, residuals, jacobians),
/// where parameters[b] is a block, jacobians may be null, and so may each jacobians[b], which is
/// residuals x size of the block, row by row; false where there are no values.
using Evaluate =
    std::function<bool(double const* const* parameters, double* residuals, double** jacobians)>;

/// An object with such a member, as ceres::CostFunction has; it must outlive the function.
template <class F>
requires requires(const F& f, double const* const* p, double* r, double** j) {
  { f.Evaluate(p, r, j) } -> std::convertible_to<bool>;
}
Evaluate evaluate_of(const F& function) {
  return [&function](double const* const* parameters, double* residuals, double** jacobians) {
    return function.Evaluate(parameters, residuals, jacobians);
  };
}

/// Checks such a function: x's blocks are its parameters. The Jacobians are by the numbers that
/// blocks are stored in; where options.manifolds names one, they are taken along its tangent, as
/// Ceres does. That the residuals are the same with and without Jacobians is checked, too, and that
/// nothing is written outside. Throws std::runtime_error where Evaluate gives no values at x, and
/// what check_jacobian throws.
JacobianResult check_evaluate(const Evaluate& evaluate, std::size_t residuals,
                              const ParameterVector& x, const JacobianOptions& options = {});

}  // namespace dtheta::gradcheck
