#pragma once

#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// One term of a cost: the data's, a regulariser's.
struct CostPart {
  std::string name;
  Cost cost;
  Gradient::Function gradient;
};

/// The parts, each with a verdict of its own, and whether they make up the whole.
struct PartsResult {
  Verdict verdict = Verdict::inconclusive;
  std::vector<std::string> names;
  std::vector<Result> results;  ///< one per part
  bool costs_add_up = true;     ///< Σ parts = J to rounding; true if no whole was given
  bool gradients_add_up = true;
  std::vector<std::string> notes;

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
  /// Throws NameError.
  const Result& part(std::string_view name) const;
};

/// Checks every part by itself: a term with λ = 1e-8 drowns in the noise of the whole cost, but not
/// in its own. If the whole cost and gradient are given too, the parts must add up to them: that
/// finds the term that one of the two forgot, or has too often, and the notes name it. Throws
/// ShapeError without parts.
PartsResult check_parts(std::span<const CostPart> parts, const ParameterVector& theta,
                        const Options& options = {}, const CostPart* whole = nullptr);

}  // namespace dtheta::gradcheck
