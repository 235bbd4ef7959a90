#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// The p-norm over some axes, or over all, as PyTorch's vector_norm: (sum of |x|^p)^(1/p), without
/// overflow in between; for p = infinity the largest |x|, for -infinity the smallest, for 0 the
/// number of elements that are not zero. Axes as in autodiff/ops/reduction/reduction.hpp.
///
/// Where it has no derivative one is chosen: 0 for every element if the norm is 0, for an element
/// that is 0, and for p = 0; elements that tie for the largest (smallest) share it equally.
/// Throws ValueError for a NaN p, and ShapeError over no elements for p < 0 and p = infinity.
Var norm(Arg x, double p = 2);
Var norm(Arg x, double p, Axes axes, bool keepdims = false);

namespace detail {

/// The sum of squares that a recorded norm is the root of; no value if v is not one with p = 2.
Var squared_norm(Var v);

}  // namespace detail
}  // namespace dtheta
