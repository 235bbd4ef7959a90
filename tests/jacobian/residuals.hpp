#pragma once

#include <span>
#include <vector>

#include "gradcheck/jacobian.hpp"

namespace jacobian_test {

/// Four residuals of three inputs with a Jacobian that is known: sin(a0) a1, exp(b) + a0,
/// a0 a1 b, hypot(a0, a1). Inputs a (2) and b (1), outputs r (3) and s.
void residuals(std::span<const double> x, std::span<double> r);
void right(std::span<const double> x, std::span<double> jacobian);

dtheta::gradcheck::ParameterVector point();
dtheta::gradcheck::JacobianOptions named_outputs();

}  // namespace jacobian_test
