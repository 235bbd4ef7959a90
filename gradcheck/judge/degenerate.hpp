#pragma once

#include "gradcheck/check.hpp"
#include "gradcheck/judge/adaptive.hpp"

namespace dtheta::gradcheck::detail {

/// Looks again at entries that failed although J has a derivative there. Where θ lies on several
/// corners whose slopes cancel, such as max(x, 0) − max(−x, 0) at 0, backpropagation with
/// relu'(0) = 0 gives a value that no J asks for, without a bug. Such an entry is left open if the
/// gradient jumps at θ (its values beside θ stay apart from the one at θ however close they are)
/// and passes the check on either side, or if it takes the measured value on both sides of θ within
/// a part of the step with which J was measured. A bug is as wrong beside θ as at θ, and stays
/// accused.
/// Left open, too, are entries along which J stands still over that step, as where a tanh is within
/// a few roundings of 1, but over larger ones, to either side, changes as the gradient on the way
/// says. Returns the number of evaluations of J.
std::size_t excuse_degenerate(const Request& request, const Cost& cost,
                              const Gradient::Function& gradient, Findings& findings);

}  // namespace dtheta::gradcheck::detail
