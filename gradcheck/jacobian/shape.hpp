#pragma once

#include <cstddef>

#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck::detail {

/// Throws ShapeError unless a Jacobian of so many rows and columns is one of f(x), `outputs` numbers,
/// by x or by what x moves by.
void require_jacobian_shape(std::size_t rows, std::size_t columns, std::size_t outputs,
                            const ParameterVector& x, const JacobianOptions& options);

}  // namespace dtheta::gradcheck::detail
