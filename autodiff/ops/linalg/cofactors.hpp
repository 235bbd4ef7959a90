#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// The cofactors of square matrices: det(A) A^-T where there is an inverse, and their limit where
/// there is none.
[[nodiscard]] Var cofactors(Var a);

}  // namespace dtheta::detail
