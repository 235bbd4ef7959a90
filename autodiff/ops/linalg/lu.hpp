#pragma once

#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// The LU factorization A = P L U with partial pivoting, batched over the axes before the last two.

struct Lu {
  Var lu;      // (..., m, n): L below the diagonal, on which it is 1, and U from there on
  Var pivots;  // (..., min(m, n)), indices: row i was exchanged with row pivots[i], in this order
  Var p;       // (..., m, m), the permutation P
};
/// Throws ShapeError unless there are matrices. Its derivative throws SingularMatrixError where the
/// first min(m, n) rows and columns of L U are singular.
Lu lu(Arg a);

struct LuFactors {
  Var l;  // (..., m, k), lower triangular with ones on the diagonal, k = min(m, n)
  Var u;  // (..., k, n), upper triangular
};
/// L and U as matrices of their own.
LuFactors lu_factors(const Lu& f);

/// X with A X = B for B (..., n, k), or x with A x = b for a vector b, from the factorization of a
/// square A. Leading axes broadcast. Throws ShapeError for operands that do not fit and
/// SingularMatrixError.
Var lu_solve(const Lu& f, Arg b);

}  // namespace dtheta
