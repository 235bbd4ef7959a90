#pragma once

#include "gradcheck/judge/block_plan.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Looks once more at a block that passes, from far closer than the steps that agreed: what J does
/// within less than a step none of them sees. θ is moved along a direction in which every entry
/// that passed takes part (along the pilot alone, where J can be asked for single moves only), by
/// so little that noise leaves six digits of the largest derivative. Returns the step, in lengths
/// of an entry, at which J contradicts the gradient there, and at another one alike; 0 where it
/// does not. Two evaluations, four where they disagree.
double contradicted_from_closer(const Request& request, const BlockPlan& plan,
                                const Findings& found);

}  // namespace dtheta::gradcheck::detail
