#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Entries of a block whose difference says nothing, because the textbook's ε, added to θ, is
/// rounded to nothing or to another step, and that alone makes the two derivatives differ.
struct LostSteps {
  std::vector<bool> lost;      ///< by entry of the block
  std::optional<Cause> cause;  ///< empty where none is
};
LostSteps lost_steps(const Result& result, const BlockResult& block, std::span<const double> theta);

}  // namespace dtheta::gradcheck::detail
