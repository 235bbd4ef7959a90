#pragma once

#include <string_view>

#include "autodiff/errors.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Inverses, determinants and linear systems; see linalg.hpp for what all of linear algebra shares.

/// A matrix that is singular to working precision: a pivot of its factorization is zero, or no
/// larger than the rounding of the terms it was computed from.
struct SingularMatrixError : ValueError {
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

namespace detail {

/// The inverse for the derivative of `caller`, which is named when the matrix is singular.
[[nodiscard]] Var inverse_for(std::string_view caller, Var a);

}  // namespace detail

}  // namespace dtheta
