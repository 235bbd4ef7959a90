#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// The exponential of a matrix; see linalg.hpp.

/// exp(A) = sum of A^k / k!.
Var matrix_exp(Arg a);

}  // namespace dtheta
