#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Triangles and diagonals of the matrices in the last two axes, batched over the others. Diagonal
/// k holds the elements (i, i + k): k > 0 lies above the main diagonal, k < 0 below. A tensor of
/// fewer axes than needed throws ShapeError.

/// The elements on and below (above) diagonal k; zero elsewhere.
Var tril(Arg x, Index k = 0);
Var triu(Arg x, Index k = 0);

/// Diagonal k of the matrices in two axes, as a new last axis; those two go. A diagonal outside the
/// matrix is empty.
Var diagonal(Arg x, Index k = 0, int axis1 = -2, int axis2 = -1);
/// Square matrices, in new axes axis1 and axis2 counted in the result, with the last axis of x as
/// diagonal k and zeros elsewhere.
Var diag_embed(Arg x, Index k = 0, int axis1 = -2, int axis2 = -1);
/// The matrix with this diagonal for a vector, diagonal k for a matrix.
Var diag(Arg x, Index k = 0);
/// The sum of diagonal k.
Var trace(Arg x, Index k = 0);

}  // namespace dtheta
