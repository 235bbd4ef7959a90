#pragma once

#include <span>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/wrong_op.hpp"
#include "nn/recording.hpp"

namespace dtheta::gradcheck {

/// Adds to a result that is no pass what a tape knows beyond the numbers, likeliest first: at which
/// op J stops being finite, that a derivative is cut on purpose between θ and J, that only the
/// gradient that was given is wrong, at which op it stops being finite, or which ops have wrong
/// rules. Of an open result only the second is said, in a note. `tape_gradient`: that of the tape
/// at `theta`; `limits`: of the search for such ops; `calls`: of the layers that recorded the cost, where they are known.
void explain_failure(Result& result, Var cost, std::span<const CheckedLeaf> leaves,
                     const ParameterVector& theta, std::span<const double> tape_gradient,
                     const NetworkOptions& options, const WrongOpLimits& limits,
                     std::span<const nn::LayerCall> calls = {});

}  // namespace dtheta::gradcheck
