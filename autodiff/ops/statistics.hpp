#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Spread over some axes, or over all. Axes as in autodiff/ops/reduction.hpp.

/// x less its mean over the axes. Equal elements give exactly 0.
Var center(Arg x, Axes axes);

/// The sum of squared distances from the mean, divided by the number of elements less `correction`:
/// 1 for the unbiased estimate from a sample, 0 for a whole population. NaN or infinite where that
/// leaves none.
Var var(Arg x, double correction = 1);
Var var(Arg x, Axes axes, double correction = 1, bool keepdims = false);
/// The square root of `var`. The derivative where all elements are equal is taken as 0.
Var std(Arg x, double correction = 1);
Var std(Arg x, Axes axes, double correction = 1, bool keepdims = false);

/// Mean and variance over the axes, by default of a whole population.
struct Moments {
  Var mean;
  Var variance;
};
Moments moments(Arg x, Axes axes, bool keepdims = false, double correction = 0);

}  // namespace dtheta
