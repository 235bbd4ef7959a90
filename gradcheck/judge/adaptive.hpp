#pragma once

#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Step per block and search per entry.
Findings judge_adaptively(const Request& request);

/// One step ε for every entry, to the letter of the textbook; every entry's verdict is pass,
/// because the textbook judges only the whole.
Findings measure_textbook(const Request& request);

}  // namespace dtheta::gradcheck::detail
