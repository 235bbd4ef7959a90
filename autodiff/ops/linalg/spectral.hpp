#pragma once

#include "autodiff/errors.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Eigenvalues and singular values; see linalg.hpp.

/// A derivative of eigenvectors or singular vectors where some of their values coincide (or
/// singular values of a non-square matrix are zero): it does not exist.
struct DegenerateSpectrumError : ValueError {
  using ValueError::ValueError;
};

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

}  // namespace dtheta
