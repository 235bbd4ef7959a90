#pragma once

#include <optional>
#include <vector>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Whether the gradient holds the right blocks, laid end to end in another order than θ's: W1, W2,
/// b1, b2 where θ has W1, b1, W2, b2. `usable`: entries with a trustworthy numeric derivative.
std::optional<Cause> block_order(const Result& result, const std::vector<bool>& usable);

}  // namespace dtheta::gradcheck::detail
