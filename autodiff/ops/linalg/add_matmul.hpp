#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// x + factor op(a) op(b) for matrices, where op transposes as in matmul; x has the shape of the
/// product and the factor is a scalar. Throws ShapeError when they do not fit.
Var add_matmul(Arg x, Arg a, Arg b, Arg factor, bool transpose_a = false, bool transpose_b = false);

}  // namespace dtheta
