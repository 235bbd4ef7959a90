#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "gradcheck/modes/theta_copies.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck::detail {

/// Checks entries that were drawn, given θ and gradient reduced to them, their places in θ, and
/// options that speak of them alone.
using CheckSmall =
    std::function<Result(const ParameterVector& small, const ParameterVector& small_gradient,
                         const std::vector<std::size_t>& positions, const Options& small_options)>;

/// Draws entries, has them checked, and says what that is worth.
SampleResult check_drawn(const Gradient& gradient, const ParameterVector& theta,
                         const SampleOptions& options, const CheckSmall& check_small);

/// J as a function of the entries at `positions` alone. Refers to its arguments.
Cost embedded(const Cost& cost, ThetaCopies& copies, const std::vector<std::size_t>& positions);

}  // namespace dtheta::gradcheck::detail
