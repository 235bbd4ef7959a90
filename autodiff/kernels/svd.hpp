#pragma once

#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// The reduced singular value decomposition of an (m, n) matrix. Row i of `out` (min(m, n), m + 1 +
/// n) holds column i of U, s_i and column i of V; s decreases. NaN where the matrix is not finite.
/// The element of largest size of each left vector is positive, the first of those that tie.
template <RealScalar T>
void svd(const T* a, Index m, Index n, T* out);

// Compiled once, in a source of its own: it is among the heaviest there are.
extern template void svd(const float*, Index, Index, float*);
extern template void svd(const double*, Index, Index, double*);
extern template void svd(const long double*, Index, Index, long double*);
extern template void svd(const Quad*, Index, Index, Quad*);

}  // namespace dtheta::detail
