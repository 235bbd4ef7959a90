#pragma once

/// Linear algebra on the matrices in the last two axes, batched over the axes before. Every op
/// throws ShapeError for operands that are not (square) matrices or do not fit. A matrix for which
/// the result, or the derivative asked for, does not exist throws one of the errors of these
/// headers; NaN and infinities pass through.

#include "autodiff/ops/linalg/matrix_exp.hpp"
#include "autodiff/ops/linalg/orthogonal.hpp"
#include "autodiff/ops/linalg/solve.hpp"
#include "autodiff/ops/linalg/spectral.hpp"
#include "autodiff/ops/linalg/triangular.hpp"
