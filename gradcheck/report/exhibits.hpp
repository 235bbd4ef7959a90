#pragma once

#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/taylor.hpp"

namespace dtheta::gradcheck {

/// |central difference − analytic| of one entry over the step: a V for a right gradient, whose left
/// arm is noise and whose right arm is truncation; a floor for a wrong one.
struct StepCurve {
  Component component;
  std::vector<double> steps;
  std::vector<double> errors;  ///< relative to the larger of the two derivatives
};

/// What a report shows beside the verdict.
struct Exhibits {
  std::vector<StepCurve> curves;     ///< of the worst entry of each block, worst block first
  std::vector<TaylorResult> taylor;  ///< along Gaussian directions
};

/// Measures them, with about 50 evaluations for each curve and 27 for each Taylor line.
Exhibits collect_exhibits(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const Result& result, std::size_t curves = 4);

}  // namespace dtheta::gradcheck
