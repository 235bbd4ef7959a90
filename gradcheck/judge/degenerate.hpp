#pragma once

#include "gradcheck/gradient.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Looks again at entries that failed although J has a derivative along them. Where θ lies on
/// several corners of J whose slopes cancel along an entry, as zero biases behind a dead layer do,
/// backpropagation with relu'(0) = 0 gives a value that no J asks for, without a bug. Such an entry
/// is left open if J itself has such a corner: its slope along a generic direction jumps at θ, at
/// two steps alike, and jumps otherwise where the entry is moved a little; and if the gradient,
/// which must then jump at θ, passes the check on either side. A J without a corner excuses nobody:
/// code that treats θ_i = 0 apart is wrong there. A bug is as wrong beside θ as at θ, and stays
/// accused.
/// Asks `request.whole`.
void excuse_degenerate(const Request& request, const Gradient::Function& gradient,
                       Findings& findings);

}  // namespace dtheta::gradcheck::detail
