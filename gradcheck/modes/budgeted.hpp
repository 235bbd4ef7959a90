#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "gradcheck/budget.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck::detail {

// Evaluations of a full check: 4 to 8 for each entry (docs/checker-measured.md), and some for J's
// noise.
inline constexpr std::size_t each_entry = 8, for_noise = 50;

/// J in the two ways in which it may be asked.
struct Sources {
  const Cost* anywhere = nullptr;
  unsigned threads = 1;  // that may ask it at once
  std::function<Result(const Options&)> check_all;
  std::function<SampleResult(const Gradient&, const SampleOptions&)> check_some;
  std::function<double(std::span<const Block>)> seconds_of_all;  // 0: as J anywhere
};

/// Everything where that fits, else lines through the blocks, the places to which they lead, and a
/// sample.
Result check_in_budget(const Sources& sources, const Gradient& gradient,
                       const ParameterVector& theta, const BudgetOptions& options);

}  // namespace dtheta::gradcheck::detail
