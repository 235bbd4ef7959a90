#pragma once

#include "autodiff/ops/linalg/solve.hpp"

namespace dtheta {

/// Triangular systems and the Cholesky factor; see linalg.hpp.

/// A matrix that is not positive definite.
struct NotPositiveDefiniteError : ValueError {
  using ValueError::ValueError;
};

struct Triangular {
  bool upper = false;
  bool transpose = false;      // solve A^T X = B
  bool unit_diagonal = false;  // take the diagonal as 1, without reading it
};
/// solve() for a triangular A, of which the other triangle is not read. Throws
/// SingularMatrixError for a zero on the diagonal.
Var solve_triangular(Arg a, Arg b, Triangular how = {});

/// Lower triangular L with L L^T = A (or upper U with U^T U = A), positive on the diagonal. A is
/// taken as its symmetric part (A + A^T) / 2, and so is the derivative. Throws
/// NotPositiveDefiniteError.
Var cholesky(Arg a, bool upper = false);

}  // namespace dtheta
