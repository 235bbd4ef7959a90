#pragma once

#include <span>

#include "autodiff/var.hpp"

namespace dtheta::gradcheck {

/// What the roundings of double on the way from the leaves to a recorded cost do to it at θ, to
/// first order: each value on the way is off by a rounding of its own, of which the cost keeps what
/// its derivative says. Far more than a rounding of the cost where large terms cancel in it.
[[nodiscard]] double cost_rounding(Var cost, std::span<const Var> leaves,
                                   std::span<const double> theta);

}  // namespace dtheta::gradcheck
