#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// The sum of products over pairs of axes: axes_a[i] of a with axes_b[i] of b. The result has what
/// is left of a's axes, then of b's. Throws ShapeError for sizes that differ.
Var tensordot(Arg a, Arg b, Axes axes_a, Axes axes_b);
/// The same over the last `count` axes of a and the first `count` of b.
Var tensordot(Arg a, Arg b, int count = 2);

/// The Kronecker product: blocks a_ij b, for any equal or padded number of axes.
Var kron(Arg a, Arg b);

/// The cross product of vectors of length 3 along an axis; the others broadcast. Throws ShapeError
/// for another length.
Var cross(Arg a, Arg b, int axis = -1);

/// base (m, n) with K outer products added to it, each by itself: (K, m, n) whose part k is
/// base + u[k] v[k]^T, for u (K, m) and v (K, n). Throws ShapeError for shapes that do not fit.
Var add_outer(Arg base, Arg u, Arg v);

}  // namespace dtheta
