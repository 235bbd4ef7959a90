#pragma once

#include "gradcheck/judge/request.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Turns findings into blocks, verdicts and notes. `findings` is null where J could not be measured
/// at all. `result` arrives with cost, analytic gradient and determinism filled in.
void assemble(Result& result, const Request& request, const Findings* findings);

}  // namespace dtheta::gradcheck::detail
