#pragma once

#include <cstddef>
#include <cstdint>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

struct BudgetOptions {
  Budget budget{};
  /// ‖error‖ / ‖gradient‖ that must be seen in each block for it to pass.
  double smallest_error = 1e-3;
  std::size_t most_places = 8;  ///< wrong entries to be found at most, in each block
  std::uint64_t seed = 1;       ///< of directions and sample
  Options check{};              ///< for everything; its own budget is not looked at
};

/// With which probability BlockResult::sight says that an error would have been seen, where
/// directions were taken.
inline constexpr double sight_probability = 0.999;

/// What check() does where its options have a budget. Where a check of every entry fits, it is
/// made. Otherwise each block is moved along random directions, several blocks together where there
/// are too many; what contradicts J is searched for its wrong entries by halves, and these, the
/// largest derivative of each block, and as many entries drawn at random as the budget has room for
/// are checked in full. The result is then `sampled`, and each of its blocks has a `sight`: an
/// error of this part of the block's gradient (of the whole one, where the block's own is zero or
/// nothing but its rounding) would not have passed, with this probability. Sizes are in units of
/// the entries' own sizes: moves of J. Throws what check() throws, and OptionError for a budget of
/// nothing or the textbook's method.
Result check_within(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                    const BudgetOptions& options);

/// The same where single moves are evaluated by the caller. `cost` is J anywhere; null where there
/// is no such thing: then there are no directions, and a block that was not measured whole passes
/// only if so many of its entries were drawn that one wrong one would hardly have been missed.
Result check_within(const ProbeEvaluator& evaluate, const Cost* cost, const Gradient& gradient,
                    const ParameterVector& theta, const BudgetOptions& options);

}  // namespace dtheta::gradcheck
