#pragma once

#include <cstddef>

#include "gradcheck/jacobian.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck {

/// Shows the probe of one entry again: output `row` as a cost, moved by input `column` with this
/// step. Throws as check_jacobian and replay_probe do.
ProbeReplay replay_entry(const VectorFunction& f, const Jacobian& jacobian,
                         const ParameterVector& x, std::size_t row, std::size_t column, double step,
                         const JacobianOptions& options = {});
ProbeReplay replay_entry(const VectorFunction& f, const Jacobian& jacobian,
                         std::span<const double> x, std::size_t row, std::size_t column,
                         double step, const JacobianOptions& options = {});

}  // namespace dtheta::gradcheck
