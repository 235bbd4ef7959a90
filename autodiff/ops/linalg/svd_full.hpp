#pragma once

#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// The singular value decomposition with all columns of U (..., m, m) and rows of V^T (..., n, n).
/// The first min(m, n) are those of svd. The others complete them to an orthonormal basis: they are
/// made, by Gram and Schmidt's method, of the unit vectors that are farthest from what is there,
/// and their derivative is that of this construction.
Svd svd_full(Arg a);

}  // namespace dtheta
