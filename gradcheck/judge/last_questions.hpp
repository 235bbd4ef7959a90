#pragma once

#include "gradcheck/judge/block_plan.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// What J is asked about the findings of a block once all of it is judged. Each question takes back what
/// does not hold, or settles what was left; a few entries stand for all where none of them changes.

/// Does it stand beside the slope that J keeps over many scales (local_slope.hpp)? The noise that narrow steps
/// must have met; 0 where they met none.
double refute_from_afar(const Request& request, const BlockPlan& plan, Findings& found);

/// Does an accusation hold from close by, before the end of J's domain (near_edge.hpp)?
void ask_before_edges(const Request& request, const BlockPlan& plan, Findings& found);

/// Does an accusation over wide steps hold from as close by as noise lets its error be seen?
void ask_from_closer(const Request& request, const BlockPlan& plan, Findings& found);

/// Is an accusation off by no more than what J's values are uncertain by along other blocks, in parts of J? What
/// such a factor of J loses to cancellation no entry of another factor shows.
void ask_about_noise(const Request& request, const BlockPlan& plan, Findings& found);

/// Do J's jumps make up what an accused claim is off by (jump_sum.hpp)?
void ask_about_jumps(const Request& request, const BlockPlan& plan, Findings& found);

/// A claim that is no more than rounding, and open: does J show any more over the entry's own size, with the
/// noise that it has along this entry? There least of a slope is hidden.
void ask_about_crumbs(const Request& request, const BlockPlan& plan, Findings& found);

/// A block of zeros passed beside the derivatives of others: does J, where it is asked for no more than this
/// block's own, move along it?
void ask_about_zeros(const Request& request, const BlockPlan& plan, Findings& found);

}  // namespace dtheta::gradcheck::detail
