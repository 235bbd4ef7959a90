#pragma once

#include "gradcheck/result.hpp"

/// When is a gradient called right, when wrong, and when nothing? The whole law, in the order in
/// which its questions are asked; who measures (search.hpp in double, oracle_judge.hpp in wider
/// scalars) brings the evidence. No rule asks the gradient under test for more than the value that
/// is judged: what J is like near θ is asked of J.
namespace dtheta::gradcheck::detail {

/// Rounding of the analytic side that is allowed for, in units of its roundoff: a gradient is a sum
/// of products whose roundings are random; 32 of them are some 10^3 operations deep.
inline constexpr double rounding_margin = 32.0;

/// Bars hold this many standard deviations of noise.
inline constexpr double noise_margin = 6.0;

/// Steps of witnesses that must say the same are this far apart: no simple ratio, so that a
/// periodic J does not look the same at both.
inline constexpr double confirming_ratio = 3.7;

/// The sizes by which a derivative is judged.
struct Scales {
  double scale = 0.0;      ///< of the block's largest derivative, in this entry's units
  double reference = 0.0;  ///< agreement is asked in parts of this: `scale`, or the largest
                           ///< derivative of all where the block's are zero
  bool apart = false;  ///< in units of its own: no error is small beside the block's derivatives
  double rounded_with = 0.0;  ///< size of what the analytic side may have been rounded with: where
                              ///< large terms cancel, no more than this is held against it
};

/// What is claimed of one derivative, and what the claim is held to.
struct Claim : Scales {
  double analytic = 0.0;
  double tolerance = 0.0;  ///< relative error that must be seen
  double roundoff = 0.0;   ///< of the analytic side
  double rounding = 0.0;   ///< absolute error of the analytic value as measured; 0: not measured
  double length = 0.0;     ///< size of the entry
  double crumb = 0.0;  ///< a derivative so small moves J by no more than J's own roundings, when
                       ///< the entry is moved by its size

  /// The larger of the claim and a value; a claim that is not finite has no size.
  double own_size(double value) const;

  /// The size of the derivative in parts of which agreement is asked.
  double size(double value) const;

  /// Rounding that the analytic value may carry, if numbers of `size` were summed for it.
  double rounding_of(double size) const;
};

/// What J says of a derivative at one step.
struct Witness {
  double value = 0.0;
  double likely = 0.0;    ///< bar that smooth J keeps; holds the claim's own rounding
  double cautious = 0.0;  ///< bar that also J with a corner within the step keeps, and a claim
                          ///< rounded with large terms that cancel
  double visible = 0.0;   ///< part of the cautious bar that noise cannot have made: J is bent
  double step = 0.0;
};

/// The slopes of J on both sides of a corner, each with its own bar.
struct Sides {
  double below = 0.0;
  double above = 0.0;
  double bar_below = 0.0;
  double bar_above = 0.0;
};

namespace law {

/// 1. Agreement. The claim is within the evidence's likely bar and both together are within
/// `comfort` of the tolerance; or so close that whatever the bar hides is below the tolerance of
/// the value itself; or a zero of which only its terms' rounding is left, beside larger
/// derivatives, and J shows none that would move it by more than its own roundings. One stencil is
/// enough: it holds two steps of incommensurate lengths, and to agree with both by chance to 1e-7
/// is unlikely. Fooled by: features of J narrower than its noise lets any step see.
bool agrees(const Claim& claim, const Witness& evidence, double comfort = 1.0);

/// The part of agreement that lets the crumbs of a zero pass: the claim is no more than its terms'
/// rounding leaves, and J, asked as far as the entry's own size, shows no more than the claim's
/// `crumb`.
bool leaves_crumbs_of_zero(const Claim& claim, const Witness& evidence);

/// 2. Contradiction. The claim lies beyond the cautious bar by more than the tolerance, and the
/// stencil is not bent so much that a corner within could have moved its slope there.
bool excludes(const Claim& claim, const Witness& evidence);

/// 3. Accusation. Two steps contradict the claim and agree with each other, the sharper by
/// `clear_contradiction` of its bars. Then J is asked on either side of these steps (inquiry.hpp),
/// before it is final.
bool confirms(const Claim& claim, const Witness& first, const Witness& second);

/// 4. A corner at θ: one smooth piece on either side (smooth_piece.hpp: one polynomial through all
/// values of a side, at many steps), none through both, and slopes that differ by more than their
/// bars. Any value between is right. Beyond the interval the slopes' own bars decide: within one
/// and the tolerance it passes, `clear_contradiction` of them away it fails, else it is open.
bool is_corner(const Sides& sides);
/// The witness at another step: the gap does not shrink as that of a smooth J does.
bool is_same_corner(const Sides& sides, const Sides& closer);
Verdict judge_corner(const Claim& claim, const Sides& sides);

}  // namespace law

}  // namespace dtheta::gradcheck::detail
