#pragma once

#include <cstddef>

#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// What J says when it is asked once more about an entry that stands accused.
struct Inquiry {
  bool stands = true;    ///< nothing of J speaks for the analytic value
  double narrow = 0.0;   ///< at this step, smaller than the accusing ones, J sides with it
  double quantum = 0.0;  ///< J jumps by this much, however close its values: its slope was hidden,
                         ///< or the jumps were taken for one
};

/// Asks J on either side of the accusing steps, before an accusation is final. At smaller steps, as
/// far as noise lets a slope be told: there J may bend around x as the analytic value says. At
/// larger ones, to either side: where J follows the analytic value there, its values may have stood
/// still over the steps that accuse, as those of a tanh within a few roundings of 1, or of a J in
/// float, do; then the jump itself is looked for by bisection. A smooth J has none, so what it does
/// far away excuses nobody. Last, whether J is noisier among the accusing steps than was measured.
Inquiry inquire(const Request& request, std::size_t entry, const Finding& accusation, double noise);

}  // namespace dtheta::gradcheck::detail
