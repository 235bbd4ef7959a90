#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elementwise activations.

/// 1 / (1 + exp(-x)), without overflow.
Var sigmoid(Arg x);
/// log(sigmoid(x)), without overflow.
Var log_sigmoid(Arg x);
Var tanh(Arg x);
/// max(x, 0). The derivative at 0 is taken as 0.
Var relu(Arg x);
/// x for x > 0, slope * x otherwise. The derivative at 0 is taken as `slope`.
Var leaky_relu(Arg x, double slope = 0.01);
/// log(1 + exp(x)), without overflow.
Var softplus(Arg x);
/// log(1 + exp(beta x)) / beta: the larger beta, the nearer to relu. ValueError unless beta > 0.
Var softplus(Arg x, double beta);

}  // namespace dtheta
