#pragma once

#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::gradcheck {

/// Adds to a failed result what a tape knows beyond the numbers: that only the gradient that was
/// given is wrong, or which ops have wrong rules. `tape_gradient`: that of the tape at `theta`.
void explain_failure(Result& result, Var cost, std::span<const CheckedLeaf> leaves,
                     const ParameterVector& theta, std::span<const double> tape_gradient,
                     const NetworkOptions& options);

}  // namespace dtheta::gradcheck
