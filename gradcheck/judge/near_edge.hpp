#pragma once

#include <cstddef>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Whether an accusation that rests on steps to one side, as J ends within them on the other, does not hold
/// from as close as the entry's digits allow: before a wall, as that of a logarithm, J may be steep over no
/// more than the distance to it, and wide steps pass over that.
bool is_steep_before_an_edge(const Request& request, std::size_t entry, const Finding& finding,
                             double noise);

}  // namespace dtheta::gradcheck::detail
