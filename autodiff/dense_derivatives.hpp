#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Whole matrices of derivatives, recorded on the same tape: for functions of few inputs or
/// outputs. Products with them (`vjp`, `jvp`, `hvp` in grad.hpp) cost no more than a few
/// evaluations; these cost one for each row or column.

/// dy/dx of the shape of y followed by that of x: by rows in reverse mode, or by columns in forward
/// mode where x has fewer elements than y. Zeros where y does not depend on x. Throws StateError
/// for values of two tapes, ShapeError where the two have more axes together than a shape can.
[[nodiscard]] Var jacobian(Var y, Var x);

/// d2y/dx2 of a single number y, of the shape of x followed by that of x; ShapeError otherwise. It
/// is computed by rows and not made symmetric.
[[nodiscard]] Var hessian(Var y, Var x);

}  // namespace dtheta
