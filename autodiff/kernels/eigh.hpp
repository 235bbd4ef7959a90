#pragma once

#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// The eigenvalues of the symmetric part of an (n, n) matrix, increasing, in row 0 of `out`
/// (n + 1, n), and the eigenvectors as columns below. NaN where it is not finite.
/// The element of largest size of each vector is positive, the first of those that tie.
template <RealScalar T>
void eigh(const T* a, Index n, T* out);

// Compiled once, in a source of its own: it is among the heaviest there are.
extern template void eigh(const float*, Index, float*);
extern template void eigh(const double*, Index, double*);
extern template void eigh(const long double*, Index, long double*);
extern template void eigh(const Quad*, Index, Quad*);

}  // namespace dtheta::detail
