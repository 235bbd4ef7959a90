// Where J stands still: it may not depend on the entry, the step may be too short for J's quanta,
// or so long that it passes over all that J does.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/search.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double rung = 32.0;  // ratio of neighbouring steps of the climb
constexpr int most_rungs = 24;

}  // namespace

/// Steps at which J does not move accuse nobody, until J has stood still at every order of step.
void Search::judge_flat(const Slope& slope, const Standard& standard) {
  if (analytic_ == 0.0) return judge_zero(standard);
  const Slope* narrow = widest_flat(std::numeric_limits<double>::infinity());
  const auto agreed = agreement(slope, standard);
  if (agreed && narrow == &slopes_.back()) return settle(Verdict::pass, slope, *agreed);
  if (climb()) return;
  if (moved_) return give_up(standard);
  if (accuse_still(standard)) return;
  settle(Verdict::inconclusive, slope, bars(slope, standard).cautious);
  detail::leave_open(finding_, analytic_, Reason::unresolved);
}

/// At every step up to the entry's size the same bits, or at all steps up to one: fails a claim
/// that J moves, if it is far above what quanta can hide. Further away a J that is bounded moves no
/// more than within its size. Whether J moves by jumps the inquiry asks.
bool Search::accuse_still(const Standard& standard) {
  const Slope* widest = widest_flat(moved_ ? std::max(start_.widest(), start_.step) : start_.size);
  if (widest == nullptr || analytic_ == 0.0) return false;
  const Slope still = *widest;
  const Bars bar = bars(still, standard);
  const Claim held = claim(standard);
  const bool wrong = law::excludes(held, bar) && law::confirms(held, bar, bar);
  if (wrong) settle(Verdict::fail, still, bar.cautious);
  return wrong;
}

/// A claim of zero: it holds where J stands still, unless a step so wide has passed over all that J
/// does, which smaller ones show.
void Search::judge_zero(const Standard& standard) {
  if (standard.thorough && !moved_ && descend()) return;
  const Slope* flat = widest_flat(std::numeric_limits<double>::infinity());
  // So close to x, where a plan may send all of a block, any J that moves in quanta stands still.
  constexpr double close = 1e-4;  // of the entry's size
  if (flat != nullptr && !moved_ && flat->step < close * start_.size && climb()) return;
  if (flat == nullptr) return choose_step(slopes_.back(), bars(slopes_.back(), standard), standard);
  const Slope widest = *flat;
  const Bars bar = bars(widest, standard);
  if (const auto agreed = agreement(widest, standard)) {
    return settle(Verdict::pass, widest, *agreed);
  }
  if (standard.scales.reference == 0.0 && !moved_) {
    return settle(Verdict::pass, widest, bar.likely);
  }
  choose_step(widest, bar, standard);
}

/// The widest step up to `limit` at which J stood still, without moving at a smaller one; null if
/// there is none.
const Slope* Search::widest_flat(double limit) const {
  double moves = std::numeric_limits<double>::infinity();
  for (const Slope& slope : slopes_) {
    if (slope.finite && !slope.flat) moves = std::min(moves, slope.step);
  }
  const Slope* widest = nullptr;
  for (const Slope& slope : slopes_) {
    if (!slope.flat || slope.step > std::min(moves, limit)) continue;
    if (widest == nullptr || slope.step > widest->step) widest = &slope;
  }
  return widest;
}

/// Goes to the next step, in turns longer and shorter; false if all have been tried.
bool Search::climb() {
  while (rung_ < most_rungs) {
    const int k = rung_ / 2 + 1;
    const double factor = std::pow(rung, k);
    const double step = rung_ % 2 == 0 ? start_.step * factor : start_.step / factor;
    ++rung_;
    const bool far = step > furthest_part * start_.size || !std::isfinite(x_ + 6.0 * step);
    if (far || step < least_rung()) continue;
    step_ = step;
    side_ = Side::both;
    return true;
  }
  return false;
}

/// Goes to the next smaller step; false if the smallest has been tried.
bool Search::descend() {
  // Wide rungs: a J that moves at all moves over most orders of step.
  constexpr double wide = 1e3;
  const double step = start_.step / std::pow(wide, ++rung_);
  if (step < least_rung()) return false;
  step_ = step;
  side_ = Side::both;
  return true;
}

double Search::least_rung() const {
  constexpr double least = 1e-10;  // of the first step, where x has no digits to lose
  return x_ != 0.0 ? resolution() : least * start_.step;
}

/// The widest step below this one's at which J stood still; 0 if there is none.
double Search::flat_below(const Slope& slope) const {
  double flat = 0.0;
  for (const Slope& other : slopes_) {
    if (other.flat && other.step < slope.step) flat = std::max(flat, other.step);
  }
  return flat;
}

/// J's smallest move, 0 if it has made none. Where J stands still at a step and moves at a larger
/// one, its moves may be single quanta: the smallest bounds them, and counts as noise at both.
double Search::least_move() const {
  double least = std::numeric_limits<double>::infinity();
  for (const Value& value : values_) {
    if (value.rise != 0.0 && std::isfinite(value.rise))
      least = std::min(least, std::abs(value.rise));
  }
  return std::isfinite(least) ? least : 0.0;
}

/// Whether that bound is as small as it can be: J was seen to move at a step not much larger than
/// one at which it stood still. Or it does not matter.
bool Search::knows_quantum(const Slope& slope, const Standard& standard) const {
  if (flat_below(slope) == 0.0) return true;
  if (rounding_deviation * least_move() <= standard.noise) return true;
  double moves = slope.step;
  for (const Slope& other : slopes_) {
    if (other.finite && !other.flat) moves = std::min(moves, other.step);
  }
  constexpr double close = 8.0;
  return moves <= close * flat_below(slope);
}

}  // namespace dtheta::gradcheck::detail
