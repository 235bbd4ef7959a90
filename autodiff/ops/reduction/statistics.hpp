#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Spread over some axes, or over all. Axes as in autodiff/ops/reduction/reduction.hpp.

/// x less its mean over the axes. Equal elements give exactly 0.
Var center(Arg x, Axes axes);

/// What is taken from the number of elements before a sum of squares is divided by it: 1 for the
/// unbiased estimate from a sample, 0 for a whole population. A type of its own, so that it is not
/// mistaken for an axis or for keepdims.
struct Correction {
  explicit constexpr Correction(double by) : value(by) {}
  double value;
};

/// The sum of squared distances from the mean, divided by the number of elements less the
/// correction; NaN or infinite where that leaves none.
Var var(Arg x);
Var var(Arg x, Axes axes, bool keepdims = false, Correction correction = Correction(1));
/// The square root of `var`, the standard deviation. (Not `std`: after `using namespace dtheta`
/// that would be ambiguous with the namespace.) The derivative where all elements are equal is
/// taken as 0.
Var stddev(Arg x);
Var stddev(Arg x, Axes axes, bool keepdims = false, Correction correction = Correction(1));

/// Mean and variance over the axes, by default of a whole population.
struct Moments {
  Var mean;
  Var variance;
};
Moments moments(Arg x, Axes axes, bool keepdims = false, Correction correction = Correction(0));

}  // namespace dtheta
