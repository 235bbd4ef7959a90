#pragma once

#include <functional>
#include <span>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {

/// Thrown by Request::evaluate when the check is to stop: the first `answered` probes of the batch
/// have their answers, the others have none.
struct Stopped {
  std::size_t answered = 0;
};

/// Everything the numeric side needs to judge a gradient.
struct Request {
  const ProbeEvaluator& evaluate;
  const ParameterVector& theta;
  std::span<const double> analytic;
  std::span<const Block> blocks;  ///< those to check
  const Options& options;
  double cost = 0.0;   ///< J(θ)
  double noise = 0.0;  ///< known lower bound of ε_f
  /// Called with the number of entries judged so far; false stops.
  std::function<bool(std::size_t)> proceed;
};

/// One finding per entry of θ, in θ's order; entries that were not reached have a NaN derivative.
struct Findings {
  std::vector<Finding> entries;
  double noise = 0.0;  ///< ε_f as measured
  bool complete = true;
};

/// Step per block and search per entry.
Findings judge_adaptively(const Request& request);

/// One step ε for every entry, to the letter of the textbook; every entry's verdict is pass,
/// because the textbook judges only the whole.
Findings measure_textbook(const Request& request);

/// Typical size of a block's entries: their root mean square, or θ's if they are all zero, or 1.
double scale_of(const ParameterVector& theta, const Block& block);

/// The sizes by which a block's derivatives are judged; `whole`: the largest derivative of all.
Scales scales_of(const Request& request, const Block& block, double whole);

/// The largest magnitude among the values that are finite; 0 if none is.
double largest_finite(std::span<const double> values);

}  // namespace dtheta::gradcheck::detail
