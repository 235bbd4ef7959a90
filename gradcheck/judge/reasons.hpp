#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gradcheck/judge/finding.hpp"

namespace dtheta::gradcheck::detail {

/// What the parts of a check are called.
struct Words {
  std::string_view function, point, claim;
};
inline constexpr Words of_gradients{"J", "theta", "gradient"};
inline constexpr Words of_jacobians{"f", "x", "Jacobian"};

/// Notes for every reason of which some findings are: what the function does there, and what to do.
void name_reasons(std::vector<std::string>& notes, std::span<const Finding> findings,
                  const Words& words);

/// An open question has a reason: where no note stands yet, how sharp the best slope was that was seen.
void name_open(std::vector<std::string>& notes, std::span<const Finding> findings,
               const Words& words);

}  // namespace dtheta::gradcheck::detail
