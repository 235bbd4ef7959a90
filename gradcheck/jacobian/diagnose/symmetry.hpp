#pragma once

#include <span>

#include "gradcheck/jacobian/matrix.hpp"
#include "gradcheck/jacobian/result.hpp"

namespace dtheta::gradcheck::detail {

/// Names entries of a Hessian that differ from their mirror images by more than the tolerance of
/// what their rows hold, and fails it. `result` arrives with its verdicts; `hessian` is what it was
/// made of.
void require_symmetric(JacobianResult& result, const RowMatrix& hessian, const ParameterVector& x);

}  // namespace dtheta::gradcheck::detail
