#pragma once

#include "gradcheck/judge/adaptive.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Asks the oracles of the options about every entry that the check in double left in doubt: open,
/// accused by a small margin, or at a corner. Their verdicts replace those in `findings`; `result`
/// gets what was asked, and notes that say so.
void seek_second_opinions(Result& result, const Request& request, Findings& findings);

}  // namespace dtheta::gradcheck::detail
