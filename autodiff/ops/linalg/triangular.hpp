#pragma once

#include <string_view>

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

namespace detail {

/// The triangular solution for the derivative of `caller`, which is named when the matrix is
/// singular; it also counts as singular when an element of its diagonal is negligible beside the
/// largest.
[[nodiscard]] Var solve_triangular_for(std::string_view caller, Var a, Var b, Triangular how);

}  // namespace detail

}  // namespace dtheta
