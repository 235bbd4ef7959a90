#pragma once

#include "gradcheck/adaptive.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Names the likely causes of every failing block, likeliest first, and of the failure as a whole.
/// `result` arrives with its verdicts.
void diagnose(Result& result, const Request& request, const Findings& findings);

}  // namespace dtheta::gradcheck::detail
