#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Losses of predicted numbers, elementwise as in autodiff/ops/loss/loss.hpp unless they say
/// otherwise. Operands broadcast.

/// (a - b)^2 and |a - b|.
Var squared_error(Arg a, Arg b);
Var absolute_error(Arg a, Arg b);
/// Their means over all elements.
Var mse(Arg a, Arg b);
Var l1(Arg a, Arg b);

/// With d = a - b: d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) beyond. Throws ValueError
/// unless delta > 0.
Var huber(Arg a, Arg b, double delta = 1);
/// huber with delta = beta, divided by beta; |a - b| for beta = 0. Throws ValueError for beta < 0.
Var smooth_l1(Arg a, Arg b, double beta = 1);
/// log(cosh(x)), without overflow and accurate near 0; as a loss, log_cosh(a - b).
Var log_cosh(Arg x);

/// Minus the logarithm of a normal density: (log v + (mean - target)^2 / v) / 2, where v is the
/// variance or, if that is less, eps; with `full` also the constant log(2 pi) / 2. Where the
/// variance is below eps no derivative flows to it. Throws ValueError unless eps > 0.
Var gaussian_nll(Arg mean, Arg target, Arg variance, double eps = 1e-6, bool full = false);
/// Minus the logarithm of a Poisson probability without its constant term: exp(z) - target z for
/// the logarithm z of the expected count.
Var poisson_nll(Arg z, Arg target);
/// The same for the expected count itself: rate - target log(rate + eps). Throws ValueError unless
/// eps >= 0.
Var poisson_nll_of_rate(Arg rate, Arg target, double eps = 1e-8);
/// The constant term by Stirling's formula, t log t - t + log(2 pi t) / 2, and 0 for t <= 1.
Var poisson_constant(Arg target);

}  // namespace dtheta
