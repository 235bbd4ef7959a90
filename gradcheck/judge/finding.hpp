#pragma once

#include <limits>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// On what a finding rests, or why it is open.
enum class Reason {
  not_measured,     ///< no step gave an answer; never a word about J itself
  slope,            ///< slopes of J at θ
  corner,           ///< the slopes on both sides of a corner of J at θ
  unresolved,       ///< open: bends and noise of J leave no step that is sharp enough
  suspect,          ///< open: the same, but the analytic value is more likely wrong than right
  singular,         ///< open: J has no finite derivative here, as √x at 0
  several_corners,  ///< open: the analytic value jumps where J has corners, and is right beside
  quanta,           ///< open: J moves in steps that hide its slope
  two_slopes,       ///< open: J keeps a slope over many scales that what was found is not
  jumps             ///< open: J jumps, and its jumps make up what the two differ by
};

/// What was found about one derivative.
struct Finding {
  double numeric = std::numeric_limits<double>::quiet_NaN();
  double bar = std::numeric_limits<double>::infinity();
  double step = 0.0;     ///< 0: no answer was asked for
  double stencil = 0.0;  ///< the stencil's step that served this entry best, for its neighbours;
                         ///< 0 where none did
  Verdict verdict = Verdict::inconclusive;
  Reason reason = Reason::not_measured;
};

/// Stands accused by slopes of J.
inline bool is_accused(const Finding& finding) {
  return finding.verdict == Verdict::fail && finding.reason == Reason::slope;
}

/// J was seen to have two slopes here, and neither was held to be its derivative.
inline bool has_two_slopes(const Finding& finding) {
  return finding.reason == Reason::two_slopes || finding.reason == Reason::jumps;
}

/// Open for a reason that a corner of J can be. What looks wrong is not.
inline bool may_be_corner(const Finding& finding) {
  return finding.verdict == Verdict::inconclusive &&
         (finding.reason == Reason::corner || finding.reason == Reason::several_corners ||
          finding.reason == Reason::unresolved);
}

/// Turns a finding into an open question: what was not accused would not have been seen, so the bar
/// covers the error.
inline void leave_open(Finding& finding, double analytic, Reason why) {
  const double error =
      analytic > finding.numeric ? analytic - finding.numeric : finding.numeric - analytic;
  if (1.5 * error > finding.bar) finding.bar = 1.5 * error;
  finding.verdict = Verdict::inconclusive;
  finding.reason = why;
}

}  // namespace dtheta::gradcheck::detail
