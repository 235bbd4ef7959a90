#pragma once

#include "autodiff/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// The eigenvalues of the symmetric part of an (n, n) matrix, increasing, in row 0 of `out`
/// (n + 1, n), and the eigenvectors as columns below. NaN where it is not finite.
template <RealScalar T>
void eigh(const T* a, Index n, T* out);

/// The reduced singular value decomposition of an (m, n) matrix. Row i of `out` (min(m, n), m + 1 +
/// n) holds column i of U, s_i and column i of V; s decreases. NaN where the matrix is not finite.
template <RealScalar T>
void svd(const T* a, Index m, Index n, T* out);

// In both the element of largest size of each (left) vector is positive, the first of those that
// tie. Each decomposition is compiled once, in a source of its own: they are the heaviest there
// are.
extern template void eigh(const float*, Index, float*);
extern template void eigh(const double*, Index, double*);
extern template void eigh(const long double*, Index, long double*);
extern template void eigh(const Quad*, Index, Quad*);
extern template void svd(const float*, Index, Index, float*);
extern template void svd(const double*, Index, Index, double*);
extern template void svd(const long double*, Index, Index, long double*);
extern template void svd(const Quad*, Index, Index, Quad*);

}  // namespace dtheta::detail
