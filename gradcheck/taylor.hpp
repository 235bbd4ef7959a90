#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// The Taylor remainder at one step.
struct TaylorPoint {
  double step = 0.0;
  double zeroth = 0.0;  ///< |J(θ + h d) − J(θ)|: falls as h
  double first = 0.0;   ///< |J(θ + h d) − J(θ) − h g·d|: falls as h² if g is right
  bool above_noise = false;
};

/// What the Taylor test says.
struct TaylorResult {
  std::vector<TaylorPoint> points;  ///< largest step first
  double slope = 0.0;  ///< of log(first) over log(step): 2 where g is right, 1 where it is wrong
  Verdict verdict = Verdict::inconclusive;
  std::string statement;

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
};

/// Halves the step along a direction from 2⁻² down and measures the slope over those remainders
/// that stand out of the noise of J. Needs neither stencil nor step choice, but sees only errors
/// that are larger than the curvature at the smallest useful step.
TaylorResult taylor_test(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::span<const double> direction);

/// The same along a Gaussian direction.
TaylorResult taylor_test(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::uint64_t seed = 1);

}  // namespace dtheta::gradcheck
