// What stencils alone leave open: corners at x, pieces between corners, and giving up.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "gradcheck/judge/search.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double plain = 0.01;    // of a slope: so little doubt is no divergence
constexpr double growing = 1.04;  // per come_closer(); log 1/h grows no slower
constexpr double lasting = 0.5;
constexpr int most_looks = 2;
constexpr std::size_t witnesses = 4;  // slopes that grow, to call it a divergence

double steepness(const Slope& slope) {
  if (slope.side != Side::both) return std::abs(slope.value);
  return std::max(std::abs(slope.below), std::abs(slope.above));
}

}  // namespace

void Search::leave_domain(const Slope& slope, const Standard& standard) {
  if (looks_ > 0) return leave_open(standard);
  // J is not finite on one side: stay on the other. On both, or there too: come closer.
  if (slope.side == Side::both && slope.finite_above != slope.finite_below) {
    if (slopes_.size() >= most_slopes) return give_up(standard);
    side_ = slope.finite_above ? Side::above : Side::below;
    return;
  }
  edge_ = std::min(edge_, slope.step);
  move_to(slope.step / 8.3, standard);
}

std::vector<const Slope*> Search::like_last() const {
  std::vector<const Slope*> alike;
  for (auto slope = slopes_.rbegin(); slope != slopes_.rend(); ++slope) {
    if (slope->finite && (alike.empty() || slope->side == alike.front()->side)) {
      alike.push_back(&*slope);
    }
  }
  std::ranges::sort(alike, std::greater<>(), [](const Slope* slope) { return slope->step; });
  return alike;
}

bool Search::unsettled(const Slope& slope, const Bars& bar) const {
  if (slope.gap + slope.corner <= plain * steepness(slope) + bar.noise) return false;
  const auto alike = like_last();
  if (alike.size() < 2) return true;
  const double before = steepness(*alike[alike.size() - 2]);
  const bool grows = steepness(*alike.back()) > growing * before + bar.noise;
  return grows && alike.size() < witnesses;
}

void Search::come_closer(const Slope& slope, const Standard& standard) {
  const double next = slope.step / 8.3;
  if (slopes_.size() >= most_slopes || x_ + next == x_) return leave_open(standard);
  edge_ = std::min(edge_, slope.step);
  step_ = next;  // on the same side
}

void Search::look_beyond(const Slope& slope, const Standard& standard) {
  if (looks_ == most_looks) return leave_open(standard);
  // An edge near x looks like one at x from afar, and so does a narrow feature of J. So close that
  // nothing but x itself is seen, and once more: at x itself J's slopes grow on.
  constexpr double closer = 1.0 / 68.9;
  if (looks_++ == 0) {
    step_ = x_ == 0.0 ? 1e-7 * slope.step : resolution() / closer;
  } else {
    step_ = slope.step * closer;
  }
  side_ = Side::both;
  piece_.reset();
}

bool Search::diverges(const Standard& standard) const {
  const auto alike = like_last();
  // Growth per factor of the step: of a smooth J it dies out as the step does, at a corner it
  // stops.
  double before = 0.0;
  for (std::size_t k = 0; k + 1 < alike.size(); ++k) {
    const double rise = steepness(*alike[k + 1]) - steepness(*alike[k]);
    const double way = std::log(alike[k]->step / alike[k + 1]->step);
    const double rate = rise / way;
    const double least = (growing - 1.0) * steepness(*alike[k]) * way / std::log(8.3);
    if (rise <= least || rise <= bars(*alike[k + 1], standard).noise || !(rate >= lasting * before))
      return false;
    before = rate;
  }
  return alike.size() >= witnesses - 1;
}

void Search::give_up(const Standard& standard) {
  const Slope& last = slopes_.back();
  if (!piece_ && last.finite && like_last().size() > 1 && unsettled(last, bars(last, standard))) {
    return come_closer(last, standard);
  }
  if (std::isfinite(analytic_) && accuse_still(standard)) return;
  // Any slope is one of J's beside x.
  if (diverges(standard)) return leave_open(standard);
  if (std::isfinite(analytic_) && accuse_together(standard)) return;
  Standard lenient = standard;
  lenient.comfort = 1.0;
  for (const Slope& slope : slopes_) {
    if (!slope.finite || (slope.flat && analytic_ != 0.0) || contradiction_) continue;
    if (bends_at_x(slope, bars(slope, standard))) continue;
    if (const auto bar = agreement(slope, lenient)) return settle(Verdict::pass, slope, *bar);
  }
  if (standard.brief && !looks_wrong(standard)) return leave_open(standard);
  begin_piece(standard);
}

/// The slope that is known best lies further from the analytic value than what is seen to bend it,
/// and noise.
bool Search::looks_wrong(const Standard& standard) const {
  double least = std::numeric_limits<double>::infinity();
  bool wrong = false;
  for (const Slope& slope : slopes_) {
    if (!slope.finite || slope.flat || slope.step > start_.size) continue;
    const Bars bar = bars(slope, standard);
    if (bar.visible + bar.noise >= least) continue;
    least = bar.visible + bar.noise;
    wrong = std::abs(analytic_ - slope.value) > least;
  }
  return wrong;
}

void Search::leave_open(const Standard& standard) {
  const Slope* best = nullptr;
  Bars best_bars;
  for (const Slope& slope : slopes_) {
    if (!slope.finite) continue;
    const Bars bar = bars(slope, standard);
    if (best != nullptr && bar.cautious >= best_bars.cautious) continue;
    best = &slope;
    best_bars = bar;
  }
  decided_ = true;
  if (best == nullptr) {
    finding_.step = slopes_.back().step;  // and all else as not measured
    return;
  }
  const bool singular = diverges(standard);
  if (singular && looks_ < most_looks) {
    decided_ = false;
    return look_beyond(slopes_.back(), standard);
  }
  if (!std::isfinite(analytic_) && !singular) {
    return settle(Verdict::fail, *best, best_bars.cautious);
  }
  best_bars.likely = best_bars.cautious;
  if (!singular && !best->flat && law::agrees(claim(standard), best_bars)) {
    return settle(Verdict::pass, *best, best_bars.cautious);
  }
  settle(Verdict::inconclusive, *best, best_bars.cautious);
  const Reason why = singular ? Reason::singular : suspect_ ? Reason::suspect : Reason::unresolved;
  detail::leave_open(finding_, analytic_, why);
}

void Search::begin_piece(const Standard& standard) {
  const Slope* sharpest = nullptr;
  for (const Slope& slope : slopes_) {
    if (!slope.finite || (slope.flat && analytic_ != 0.0)) continue;
    const bool better =
        sharpest == nullptr || bars(slope, standard).cautious < bars(*sharpest, standard).cautious;
    if (better) sharpest = &slope;
  }
  if (sharpest == nullptr || !std::isfinite(analytic_)) return leave_open(standard);
  step_ = sharpest->step;
  const double noise = std::max(standard.noise, unit_roundoff * sharpest->magnitude);
  // At once as far as the tolerance needs: on a shorter piece noise is more.
  constexpr double needed = 12.0;  // widths of noise: the gain of a fit to one side, and its margin
  const double asked = standard.tolerance * claim(standard).size(sharpest->value);
  double largest = 0.0;
  for (const Slope& slope : slopes_) largest = std::max(largest, slope.step);
  const double furthest = std::max(2e3 * step_, largest);
  // Where no piece can reach the tolerance, one of θ's size may still accuse.
  const double wanted = needed * noise / asked;
  const double reach = wanted > furthest && looks_wrong(standard)
                           ? std::max(start_.size, 2.0 * step_)
                           : std::clamp(wanted, 2.0 * step_, furthest);
  piece_.emplace(reach, noise);
  for (const Value& value : values_) piece_->add(value.t, value.rise);
}

void Search::judge_piece(const Standard& standard) {
  piece_->conclude();
  const Claim held = claim(standard);
  const auto passes = [&](const std::optional<PieceSlope>& piece, Reason reason) {
    if (!piece) return false;
    Slope slope;
    slope.value = piece->value;
    slope.step = piece->reach;
    Bars bar;
    bar.value = piece->value;
    bar.likely = piece->bar + held.rounding_of(held.size(piece->value));
    if (!law::agrees(held, bar, standard.comfort)) return false;
    settle(Verdict::pass, slope, bar.likely);
    finding_.reason = reason;
    return true;
  };
  const auto whole = piece_->slope();
  if (passes(whole, Reason::slope)) return;
  if (!whole) {
    // The slope to one side is right wherever the corner lies, at x or beyond.
    if (passes(piece_->below(), Reason::corner) || passes(piece_->above(), Reason::corner)) return;
    if (judge_corner(standard)) return;
  } else if (std::abs(analytic_ - whole->value) > whole->bar) {
    suspect_ = true;
    if (accuse_by_piece(*whole, standard)) return;
  }
  suspect_ = suspect_ || (!whole && looks_wrong(standard));
  const bool hopeless = piece_->least_bar() > held.tolerance * held.size(analytic_);
  if ((hopeless && !suspect_) || piece_->wanted().empty()) leave_open(standard);
}

/// The piece contradicts, and so does the part of it that is closer to x: where noise is coarse, it
/// sees what no stencil does.
bool Search::accuse_by_piece(const PieceSlope& whole, const Standard& standard) {
  // J may have another shape beyond the size of θ, which no small part of it shows through noise.
  // Where J stands still, accuse_still() is asked.
  if (whole.reach > 2.0 * start_.size || whole.value == 0.0 || !piece_->holds_x()) return false;
  const Claim held = claim(standard);
  const auto witness = [&](const PieceSlope& piece) {
    Witness seen;
    seen.value = piece.value;
    const double own = std::max(held.own_size(piece.value), standard.scales.scale);
    seen.likely = piece.bar + held.rounding_of(own);
    seen.cautious = piece.bar + held.rounding_of(std::max(own, standard.scales.rounded_with));
    return seen;
  };
  const Witness first = witness(whole);
  if (std::abs(analytic_ - whole.value) <= first.cautious + whole.bent) return false;
  if (!law::excludes(held, first) || !law::confirms(held, first, first)) return false;
  constexpr double closer = 1.0 / confirming_ratio;
  if (!looked_closer_) {
    looked_closer_ = true;
    piece_->look_closer(closer);
    return true;
  }
  const auto near = piece_->slope(closer);
  if (!near) return false;
  const Witness second = witness(*near);
  if (!law::excludes(held, second) || !law::confirms(held, first, second)) return false;
  Slope slope;
  slope.value = whole.value;
  slope.step = 0.5 * whole.reach;
  settle(Verdict::fail, slope, first.cautious);
  return true;
}

/// One smooth piece on either side of x and none through it: a corner, if it is one from closer,
/// too.
bool Search::judge_corner(const Standard& standard) {
  const auto sides_at = [&](double part) -> std::optional<Sides> {
    const auto below = piece_->below(part);
    const auto above = piece_->above(part);
    if (!below || !above) return std::nullopt;
    return Sides{below->value, above->value, below->bar, above->bar};
  };
  constexpr double closer = 1.0 / confirming_ratio;
  const auto sides = sides_at(1.0);
  if (!sides || !law::is_corner(*sides)) return false;
  if (!looked_closer_) {
    looked_closer_ = true;
    piece_->look_closer(closer);
    return true;
  }
  const auto near = sides_at(closer);
  if (!near || !law::is_same_corner(*sides, *near)) return false;
  const Verdict verdict = law::judge_corner(claim(standard), *sides);
  Slope slope;
  slope.value = 0.5 * (sides->below + sides->above);
  slope.step = std::max(piece_->below(1.0)->reach, piece_->above(1.0)->reach);
  // From afar several corners beside x look like one at x.
  const bool far = slope.step > start_.widest();
  if (verdict == Verdict::inconclusive || (verdict == Verdict::fail && far)) return false;
  settle(verdict, slope,
         sides->bar_below + sides->bar_above + 0.5 * std::abs(sides->above - sides->below));
  finding_.reason = Reason::corner;
  return true;
}

}  // namespace dtheta::gradcheck::detail
