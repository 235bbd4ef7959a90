#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/directions.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck {

struct BudgetOptions {
  Budget budget{};
  DirectionOptions directions{};  ///< its `check` is not looked at
  std::size_t most_places = 8;    ///< wrong entries to be found at most, in each block
  Options check{};                ///< for everything
};

/// What was found within a budget: a full check where it fits, else what directions, the places
/// that they led to, and a sample say. It never sounds surer than it is: see `statement`.
struct BudgetResult {
  Verdict verdict = Verdict::inconclusive;
  std::optional<Result> full{};  ///< of every entry, where that fits
  std::optional<DirectionResult> directions{};
  std::vector<std::string> wrong_blocks{};  ///< that contradict J when moved alone
  std::optional<Result> places{};           ///< the wrong entries that were found, with causes
  std::optional<SampleResult> sample{};
  std::size_t evaluations = 0;
  double seconds = 0.0;
  /// In words: what was looked at, what error would have been seen with which probability, and
  /// what a full check would take.
  std::string statement{};

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
};

/// Checks within a budget. Where a check of every entry does not fit, all of theta is looked at
/// along random directions, each block by itself where that is needed; a block that contradicts J
/// is searched for its wrong entries by halves; and what is left goes into entries drawn at random.
/// Throws what check() throws, and OptionError for a budget of nothing.
BudgetResult check_within(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const BudgetOptions& options);

/// The statement, the wrong places in full, and the sample.
std::string report(const BudgetResult& result, bool colour = false);

}  // namespace dtheta::gradcheck
