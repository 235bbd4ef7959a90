#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/jacobian/judge/row_plan.hpp"

namespace dtheta::gradcheck::detail {

/// Looks once more, from far closer than the steps that agreed, at outputs whose entries in a block
/// of inputs all passed (judge/closer_look.hpp): what f does within less than a step none of them
/// sees. All inputs of the block are moved at once, for all outputs that need the same step.
/// Returns for each output the step, in lengths of an input, at which f contradicts its row there
/// and at another one alike; 0 where it does not.
std::vector<double> rows_contradicted_from_closer(const JacobianRequest& request,
                                                  const RowPlans& plans, std::size_t block,
                                                  std::span<const Finding> found);

}  // namespace dtheta::gradcheck::detail
