#pragma once

#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// From this many rows and columns on LAPACK's divide and conquer is faster than what Eigen has;
/// below, one-sided Jacobi is, and has all digits of small singular values, too.
inline constexpr Index lapack_from = 17;
/// The same for eigenvalues and for QR: at 48 both take the same time.
inline constexpr Index lapack_eigh_from = 48, lapack_qr_from = 48;

/// The reduced singular value decomposition of a finite (m, n) matrix by LAPACK, laid out as in
/// detail::svd but for the signs. False where it did not converge.
[[nodiscard]] bool lapack_svd(const float* a, Index m, Index n, float* out);
[[nodiscard]] bool lapack_svd(const double* a, Index m, Index n, double* out);

/// The eigenvalues of a finite symmetric (n, n) matrix, increasing, in row 0 of `out` (n + 1, n),
/// and below them the eigenvectors as columns, of either sign. False where it did not converge.
[[nodiscard]] bool lapack_eigh(const float* a, Index n, float* out);
[[nodiscard]] bool lapack_eigh(const double* a, Index n, double* out);

/// The reduced QR decomposition of an (m, n) matrix: with k = min(m, n), Q (m, k) in the first rows
/// of `out` (m + n, k) and R^T (n, k) below, without a negative number on the diagonal of R. False
/// where the matrix is too large for LAPACK.
[[nodiscard]] bool lapack_qr(const float* a, Index m, Index n, float* out);
[[nodiscard]] bool lapack_qr(const double* a, Index m, Index n, double* out);

}  // namespace dtheta::detail
