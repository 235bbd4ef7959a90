#pragma once

#include <functional>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck::detail {

/// Who answers the probes of a plain cost, and what was noticed meanwhile.
struct CostAnswers {
  ProbeEvaluator evaluate;
  std::function<Throws()> throws;
  std::function<bool()> left_untouched;
};

/// `check`, with probes that are answered by somebody: see there.
Result check_cost(const Cost& cost, const CostAnswers& answers, const Gradient& gradient,
                  const ParameterVector& theta, const Options& options);

}  // namespace dtheta::gradcheck::detail
