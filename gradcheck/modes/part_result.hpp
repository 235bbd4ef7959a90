#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gradcheck/budget.hpp"
#include "gradcheck/modes/line_check.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck::detail {

/// What lines through a block said, and how large its gradient is in their units.
struct BlockLines {
  std::vector<LineSlope> slopes{};
  double size = 0.0;  ///< ‖(g_i ℓ_i)‖₂ of the block, or of the whole where that is nothing
  bool shared = false;  ///< other blocks moved along
};

/// Everything that is known of a θ of which a part was looked at.
struct Part {
  const ParameterVector& theta;
  const BudgetOptions& options;
  std::vector<Block> blocks;  ///< those that were asked for
  std::vector<double> gradient;
  std::vector<BlockLines> lines;  ///< one for each block; empty: none
  LineCheck along{};              ///< cost, noise and habits of J as the lines saw them
  std::optional<SampleResult> sample{};
};

/// ‖error‖ / ‖gradient‖ that would not have passed with `sight_probability`.
double seen_from(const BlockLines& block);

/// One Result of the whole θ.
Result result_of(Part part);

}  // namespace dtheta::gradcheck::detail
