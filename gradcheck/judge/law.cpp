#include "gradcheck/judge/law.hpp"

#include <algorithm>
#include <cmath>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double clear_contradiction = 8.0;  // bars that lie between, for the sharper witness
constexpr double insignificant = 0.1;  // parts of the tolerance of the block's largest derivative
constexpr double bent_part = 0.125;    // of an error: what bends in the stencil leave of it
constexpr double clear_corner = 4.0;   // bars between the slopes of the two sides
constexpr double lasting_gap = 0.5;    // of the gap between them, that is left from closer

/// An error that matters to no one: neither against the derivative nor against its block.
double tolerable(const Claim& claim, double value) {
  const double beside = claim.apart ? 0.0 : insignificant * claim.scale;
  return claim.tolerance * std::max(claim.own_size(value), beside);
}

}  // namespace

double Claim::own_size(double value) const {
  const double own = std::isfinite(analytic) ? std::abs(analytic) : 0.0;
  return std::max(own, std::abs(value));
}

double Claim::size(double value) const { return std::max(own_size(value), reference); }

double Claim::rounding_of(double size) const {
  return std::max(rounding, rounding_margin * roundoff * size);
}

namespace law {

/// A derivative of zero, as of a bias before a softmax over all that it is added to: its terms
/// cancel but for their roundings. Where J is asked as far as the entry's own size and shows
/// nothing but its own roundings, that is all there is; unless it shows a derivative that is none, or the
/// block's derivatives are even smaller than what such terms leave, and may be what they say.
bool leaves_crumbs_of_zero(const Claim& claim, const Witness& evidence) {
  const double crumb = std::abs(claim.analytic);
  if (crumb > claim.rounding_of(claim.rounded_with)) return false;
  const double nearest =
      std::min(std::abs(evidence.value), std::abs(evidence.value - claim.analytic));
  if (nearest > evidence.likely) return false;
  const bool left_over = claim.rounded_with > 0.0 &&
                         rounding_margin * claim.scale >= claim.roundoff * claim.rounded_with &&
                         evidence.step <= claim.length;
  return std::abs(evidence.value) + evidence.likely <=
         std::max(claim.tolerance * crumb, left_over ? claim.crumb : 0.0);
}

bool agrees(const Claim& claim, const Witness& evidence, double comfort) {
  const double error = std::abs(claim.analytic - evidence.value);
  const double asked = comfort * claim.tolerance * claim.size(evidence.value);
  // Either way the right value is within error + bar of the analytic one.
  const double reach = error + evidence.likely;
  return (error <= evidence.likely && reach <= asked) ||
         reach <= comfort * tolerable(claim, evidence.value) ||
         leaves_crumbs_of_zero(claim, evidence);
}

bool excludes(const Claim& claim, const Witness& evidence) {
  const double error = std::abs(claim.analytic - evidence.value);
  return error > evidence.cautious && error > tolerable(claim, evidence.value) &&
         evidence.visible <= bent_part * error;
}

bool confirms(const Claim& claim, const Witness& first, const Witness& second) {
  const Witness& sharper = first.cautious <= second.cautious ? first : second;
  return std::abs(claim.analytic - sharper.value) > clear_contradiction * sharper.cautious &&
         std::abs(first.value - second.value) <= first.cautious + second.cautious;
}

bool is_corner(const Sides& sides) {
  return std::abs(sides.above - sides.below) > clear_corner * (sides.bar_below + sides.bar_above);
}

bool is_same_corner(const Sides& sides, const Sides& closer) {
  const double bars = sides.bar_below + closer.bar_below;
  const double other = sides.bar_above + closer.bar_above;
  return std::abs(closer.below - sides.below) <= bars &&
         std::abs(closer.above - sides.above) <= other &&
         std::abs(closer.above - closer.below) > lasting_gap * std::abs(sides.above - sides.below);
}

Verdict judge_corner(const Claim& claim, const Sides& sides) {
  const bool rises = sides.below <= sides.above;
  const double low = std::min(sides.below, sides.above);
  const double high = std::max(sides.below, sides.above);
  const bool nearer_low = claim.analytic < 0.5 * (low + high);
  const double outside = nearer_low ? low - claim.analytic : claim.analytic - high;
  const double bar = (nearer_low == rises ? sides.bar_below : sides.bar_above) +
                     claim.rounding_of(std::max(std::abs(low), std::abs(high)));
  const double asked = claim.tolerance * claim.size(std::max(std::abs(low), std::abs(high)));
  if (outside <= bar && outside + bar <= asked) return Verdict::pass;
  const bool clear = outside > clear_contradiction * bar && outside > asked;
  return clear ? Verdict::fail : Verdict::inconclusive;
}

}  // namespace law
}  // namespace dtheta::gradcheck::detail
