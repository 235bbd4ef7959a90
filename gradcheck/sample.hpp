#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// How many entries to look at.
struct SampleOptions {
  std::size_t count = 0;      ///< entries to draw; 0: as many as the next two ask for
  double confidence = 0.999;  ///< of the statement that is made
  double wrong_part = 0.01;   ///< part of the entries that, if wrong, must not go unseen
  std::uint64_t seed = 1;
  /// These entries in place of drawn ones; of what was not drawn nothing is said.
  std::vector<std::size_t> entries{};
  Options check{};
};

/// A check of some entries, drawn at random from all.
struct SampleResult {
  Result result;  ///< of the entries that were drawn, each block holding its own
  std::vector<std::size_t> positions;  ///< where in the whole θ each of them stands
  double confidence = 0.0;             ///< 1 where every entry was drawn
  std::string statement;

  explicit operator bool() const noexcept { return static_cast<bool>(result); }
};

/// Entries needed so that, if `wrong_part` of `size` are wrong, one of them is drawn with the
/// confidence: the least k with (1 − p)^k ≤ 1 − c, or all.
std::size_t sample_size(std::size_t size, double confidence, double wrong_part);

/// Checks entries drawn without replacement, at least one of each block. Throws OptionError unless
/// confidence and wrong_part lie between 0 and 1.
SampleResult check_sample(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const SampleOptions& options = {});

/// The same where the caller evaluates probes, whose indices are those of the whole θ.
SampleResult check_sample(const ProbeEvaluator& evaluate, const Gradient& gradient,
                          const ParameterVector& theta, const SampleOptions& options = {});

}  // namespace dtheta::gradcheck
