#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Matrix product as PyTorch's matmul: (..., m, k) x (..., k, n) -> (..., m, n), leading axes
/// broadcast. A vector on the left counts as a row, on the right as a column, and that axis goes.
/// Throws ShapeError for a scalar or inner dimensions that differ.
Var matmul(Arg a, Arg b);
/// The same for matrices stored as their transpose: the last two axes of a (b) are exchanged,
/// without moving them in memory. Both operands must have at least two axes.
Var matmul(Arg a, Arg b, bool transpose_a, bool transpose_b);
/// The sum over i of a_i b_i for two vectors, and the matrix a_i b_j.
Var inner(Arg a, Arg b);
Var outer(Arg a, Arg b);
/// A dense layer: x W^T + b for x (..., in), W (out, in), b (out). Throws ShapeError when they do
/// not fit.
Var affine(Arg x, Arg w, Arg b);

}  // namespace dtheta
