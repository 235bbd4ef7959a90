#pragma once

#include <cstddef>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// Whether noise may have been missed: a finding that agrees over steps as narrow as those that a search begins
/// with, or accuses over not much wider ones, may have been made within a stair of roundings of numbers
/// inside J, where what is rounded stands still: a claim that forgot it agrees there. One that is open there
/// knows too little noise. `length`: the entry's size.
bool may_miss_noise(const Finding& finding, double length);

/// The noise that J has from stair to stair then, if it is clearly more than is known; else 0.
double missed_noise(const Request& request, std::size_t entry, const Finding& finding,
                    double length, double noise);

}  // namespace dtheta::gradcheck::detail
