#pragma once

#include <functional>
#include <span>
#include <vector>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/selection.hpp"
#include "gradcheck/options.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/probe.hpp"

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
  const Cost* whole = nullptr;  ///< J anywhere; null where it can be asked for single moves only
  /// Of Options::known_corners; only the assembly of a result asks for them.
  std::span<const EntryRange> known_corners{};
};

/// One finding per entry of θ, in θ's order.
struct Findings {
  std::vector<Finding> entries;
  double noise = 0.0;  ///< ε_f as measured
  bool complete = true;
  std::vector<std::string> notes{};  ///< what the judges want said
};

/// J with one entry of θ moved to a value; throws Stopped.
double ask(const Request& request, std::size_t entry, double value);

}  // namespace dtheta::gradcheck::detail
