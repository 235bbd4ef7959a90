#pragma once

#include "autodiff/ops/linalg/solve.hpp"

namespace dtheta {

/// QR, the pseudoinverse and least squares; see linalg.hpp.

struct Qr {
  Var q;  // (..., m, k), k = min(m, n)
  Var r;  // (..., k, n), upper triangular, its diagonal >= 0
};
/// The reduced QR decomposition A = Q R. The derivative throws SingularMatrixError unless the first
/// k columns are independent.
Qr qr(Arg a);

/// The pseudoinverse A^+: singular values up to `rcond` times the largest one count as 0; by
/// default max(m, n) times the epsilon of the scalar. The derivative is that at constant rank.
/// Throws ValueError for a negative or NaN rcond.
Var pinv(Arg a);
Var pinv(Arg a, double rcond);

/// The x of least |A x - b|, and of those that tie the one of least |x|, for A of full rank; b is
/// (..., m, k) or a vector. The derivative throws SingularMatrixError when the rank is deficient.
Var lstsq(Arg a, Arg b);

}  // namespace dtheta
