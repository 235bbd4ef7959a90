#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian/function.hpp"

namespace dtheta::gradcheck {

/// One stage of a backpropagation by hand: what it computes, and the derivatives of J that were
/// written down on either side of it.
///
///   Z1 = W1 A0 + b1:  {"layer 1", f, in: A0, W1, b1, "Z1", dZ1, d_in: dW1, db1, dA0}
struct TraceStage {
  std::string name;
  VectorFunction forward;     ///< from the values of `in` to those of the output
  ParameterVector in;         ///< at which it was computed, each array by its name
  std::string out;            ///< the output's name, by which later stages take it in
  std::vector<double> d_out;  ///< dJ/d(out); of the last stage, which gives J itself: 1
  ParameterVector d_in;       ///< dJ/d(in) for those arrays of `in` for which it was computed
};

/// What was found of a stage.
struct StageResult {
  std::string name;
  /// d_in held against differences of d_out . forward(in): right or wrong by itself, whatever d_out
  /// is worth.
  Result backward;
  /// Whether d_out is the sum of what the later stages that take `out` in say of it; true where
  /// none does.
  bool handed_on = true;
  std::string note{};  ///< how it is not

  [[nodiscard]] bool is_wrong() const { return backward.verdict == Verdict::fail || !handed_on; }
};

struct TraceResult {
  Verdict verdict = Verdict::inconclusive;
  std::vector<StageResult> stages{};  ///< in the order of the forward pass
  /// The first wrong stage on the way back, from which on nothing before it can be right.
  std::optional<std::size_t> first_wrong{};

  /// True for a pass alone.
  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
};

/// Checks a backpropagation by hand stage by stage. A derivative that is wrong makes all those
/// before it wrong, too; here each stage answers for itself: from the d_out that it was given, did
/// it make the right d_in? And is its d_out the sum of what those behind it made? So the first
/// wrong stage is found although everything before it is wrong as well.
///
/// Stages stand in the order of the forward pass. Throws ShapeError where sizes do not fit, naming
/// both, and NameError for a d_in of what is not taken in, or two stages with one output; what
/// check() throws passes through. `options.blocks` and `layers` have no effect here.
TraceResult check_trace(std::span<const TraceStage> stages, const Options& options = {});

/// A table of the stages from the last to the first, and the report of the first wrong one.
std::string report(const TraceResult& result, bool colour = false);
std::ostream& operator<<(std::ostream& out, const TraceResult& result);

}  // namespace dtheta::gradcheck
