#pragma once

#include <span>
#include <vector>

#include "autodiff/var.hpp"
#include "gradcheck/oracle.hpp"

namespace dtheta::gradcheck {

/// Oracles of a recorded cost, by partial replay in long double, in quad and, where every op on the
/// way is analytic, in complex numbers. `leaves` in θ's order, `theta` their values. Each compiles
/// what it needs when it is first asked; the tape must then still be there.
[[nodiscard]] std::vector<Oracle> replay_oracles(Var cost, std::span<const Var> leaves,
                                                 std::span<const double> theta);

}  // namespace dtheta::gradcheck
