#pragma once

#include "autodiff/errors.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Linear algebra on the matrices in the last two axes, batched over the axes before. Every op
/// throws ShapeError for operands that are not (square) matrices or do not fit. A matrix for which
/// the result, or the derivative asked for, does not exist throws one of the errors below; NaN and
/// infinities pass through.

/// A matrix that is singular to working precision: a pivot of its factorization is zero, or no
/// larger than the rounding of the terms it was computed from.
struct SingularMatrixError : ValueError {
  using ValueError::ValueError;
};
/// A matrix that is not positive definite.
struct NotPositiveDefiniteError : ValueError {
  using ValueError::ValueError;
};
/// A derivative of eigenvectors or singular vectors where some of their values coincide (or
/// singular values of a non-square matrix are zero): it does not exist.
struct DegenerateSpectrumError : ValueError {
  using ValueError::ValueError;
};

/// A^-1. Throws SingularMatrixError.
Var inverse(Arg a);
/// The determinant; 1 for no rows. Singular matrices have its derivatives, too, up to the second.
Var det(Arg a);
struct SlogDet {
  Var sign;       // -1, 0 or 1
  Var logabsdet;  // log |det A|, -infinity where the determinant is 0
};
/// Sign and logarithm of the determinant, without overflow. Its derivative throws
/// SingularMatrixError.
SlogDet slogdet(Arg a);

/// X with A X = B for B (..., n, k), or x with A x = b for a vector b. Leading axes broadcast.
/// Throws SingularMatrixError.
Var solve(Arg a, Arg b);

/// X with X A = B for B (..., k, n), or x with x A = b for a vector b: solve from the right.
Var solve_right(Arg a, Arg b);

struct Triangular {
  bool upper = false;
  bool transpose = false;      // solve A^T X = B
  bool unit_diagonal = false;  // take the diagonal as 1, without reading it
};
/// The same for a triangular A, of which the other triangle is not read. Throws
/// SingularMatrixError for a zero on the diagonal.
Var solve_triangular(Arg a, Arg b, Triangular how = {});

/// The x of least |A x - b|, and of those that tie the one of least |x|, for A of full rank; b is
/// (..., m, k) or a vector. The derivative throws SingularMatrixError when the rank is deficient.
Var lstsq(Arg a, Arg b);

/// Lower triangular L with L L^T = A (or upper U with U^T U = A), positive on the diagonal. A is
/// taken as its symmetric part (A + A^T) / 2, and so is the derivative. Throws
/// NotPositiveDefiniteError.
Var cholesky(Arg a, bool upper = false);

struct Eigh {
  Var values;   // (..., n), increasing
  Var vectors;  // (..., n, n), eigenvectors as columns of length 1
};
/// Eigenvalues and eigenvectors of the symmetric part of A. The element of largest size of each
/// vector is positive. The derivative of the vectors, and the second derivative of the values,
/// throws DegenerateSpectrumError where eigenvalues coincide and it matters.
Eigh eigh(Arg a);

struct Svd {
  Var u;   // (..., m, k), k = min(m, n)
  Var s;   // (..., k), decreasing, >= 0
  Var vt;  // (..., k, n)
};
/// The reduced singular value decomposition A = U diag(s) V^T. The element of largest size of each
/// column of U is positive. The derivative throws DegenerateSpectrumError where singular values
/// coincide, or are zero for a non-square matrix, and it matters.
Svd svd(Arg a);

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

/// exp(A) = sum of A^k / k!.
Var matrix_exp(Arg a);

}  // namespace dtheta
