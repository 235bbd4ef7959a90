#pragma once

#include <span>

#include "gradcheck/judge/search.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Notes what a check of these blocks could not have seen: parameters that J does not depend on,
/// blocks hidden behind larger ones, equal units, corners. The blocks of `result` are complete.
void name_blind_spots(Result& result, const ParameterVector& theta,
                      std::span<const Finding> findings);

}  // namespace dtheta::gradcheck::detail
