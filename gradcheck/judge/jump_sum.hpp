#pragma once

#include <cstddef>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Whether J jumps, again and again, and its jumps make up what an accused claim differs by from the slope
/// that J has between them: all of J's moves together follow the claim. So it is where a number inside J has
/// few places left (1 - p of a p next to 1, a small difference of large numbers), and where a solver inside J
/// stops early. `length`: the size of the entry.
bool jumps_make_up_the_error(const Request& request, std::size_t entry, const Finding& accusation,
                             double length);

}  // namespace dtheta::gradcheck::detail
