#pragma once

#include "autodiff/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// From this many rows and columns on LAPACK's divide and conquer is faster than what Eigen has;
/// below, one-sided Jacobi is, and has all digits of small singular values, too.
inline constexpr Index lapack_from = 17;

/// The reduced singular value decomposition of a finite (m, n) matrix by LAPACK, laid out as in
/// detail::svd but for the signs. False where it did not converge.
[[nodiscard]] bool lapack_svd(const float* a, Index m, Index n, float* out);
[[nodiscard]] bool lapack_svd(const double* a, Index m, Index n, double* out);

}  // namespace dtheta::detail
