#pragma once

#include <span>
#include <vector>

#include "gradcheck/cause.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// What a diagnosis goes by beside the two gradients.
struct Circumstances {
  std::span<const double> theta;  ///< empty where it is not known: then no penalty is suspected
  const Hints& hints;
  std::vector<bool> usable;  ///< entries with a trustworthy numeric derivative
};

/// Names the likely causes of every failing block, likeliest first, and of the failure as a whole.
/// `result` arrives with its verdicts. No value of J is needed.
void diagnose(Result& result, const Circumstances& known);

}  // namespace dtheta::gradcheck::detail
