// What stencils alone leave open: corners at x, pieces between corners, and giving up.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ranges>

#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double clear_corner = 64.0;  // bars that lie between, where others nearby may imitate one
constexpr double corner_span = 32.0;   // steps, the widest over the narrowest that shows a corner
constexpr double plain = 0.01;         // of a slope: so little doubt is no divergence
constexpr double growing = 1.04;       // per come_closer(); log 1/h grows no slower
constexpr double lasting = 0.5;
constexpr std::size_t witnesses = 4;  // slopes that grow, to call it a divergence

double steepness(const Slope& slope) {
  if (slope.side != Side::both) return std::abs(slope.value);
  return std::max(std::abs(slope.below), std::abs(slope.above));
}

}  // namespace

void Search::leave_domain(const Slope& slope, const Standard& standard) {
  if (looked_beyond_) return leave_open(standard);
  // J is not finite on one side: stay on the other. On both, or there too: come closer.
  if (slope.side == Side::both && slope.finite_above != slope.finite_below) {
    if (slopes_.size() >= most_slopes) return give_up(standard);
    side_ = slope.finite_above ? Side::above : Side::below;
    return;
  }
  bent_step_ = std::min(bent_step_, slope.step);
  move_to(slope.step / 8.3, standard);
}

std::vector<const Slope*> Search::like_last() const {
  std::vector<const Slope*> alike;
  for (const Slope& slope : slopes_ | std::views::reverse) {
    if (slope.finite && (alike.empty() || slope.side == alike.front()->side)) {
      alike.push_back(&slope);
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
  bent_step_ = std::min(bent_step_, slope.step);
  step_ = next;  // on the same side
}

void Search::look_beyond(const Slope& slope, const Standard& standard) {
  if (slope.side == Side::both || looked_beyond_) return leave_open(standard);
  // An edge near x looks like one at x from afar. So close that nothing but the domain is seen.
  looked_beyond_ = true;
  constexpr double roundings = 64.0;
  step_ = x_ == 0.0 ? 1e-9 * slope.step
                    : roundings * std::numeric_limits<double>::epsilon() * std::abs(x_);
  side_ = Side::both;
}

bool Search::diverges(const Standard& standard) const {
  const auto alike = like_last();
  // Growth per factor of the step: of a smooth J it dies out as the step does, at a corner it
  // stops.
  double before = 0.0;
  for (std::size_t k = 0; k + 1 < alike.size(); ++k) {
    const double rise = steepness(*alike[k + 1]) - steepness(*alike[k]);
    const double rate = rise / std::log(alike[k]->step / alike[k + 1]->step);
    if (rise <= bars(*alike[k + 1], standard).noise || !(rate >= lasting * before)) return false;
    before = rate;
  }
  return alike.size() >= witnesses - 1;
}

std::vector<const Slope*> Search::central_slopes() const {
  std::vector<const Slope*> central;
  for (const Slope& slope : slopes_) {
    if (slope.finite && slope.side == Side::both) central.push_back(&slope);
  }
  std::ranges::sort(central, {}, [](const Slope* slope) { return slope->step; });
  return central;
}

bool Search::judge_corner(const Standard& standard) {
  if (diverges(standard)) return false;
  // From the smallest step upwards. A smaller step that should have shown the corner and did not
  // proves it to lie elsewhere; larger ones that show the same two slopes show them more sharply.
  double finest = std::numeric_limits<double>::infinity();  // smallest jump visible so far
  const Slope* best = nullptr;
  double best_bar = 0.0;
  double nearest = 0.0;  // and furthest step that shows it
  double furthest = 0.0;
  for (const Slope* slope : central_slopes()) {
    const double bar = slope->bend_below + slope->bend_above + 2.0 * bars(*slope, standard).noise;
    const double jump = std::abs(slope->above - slope->below);
    const bool visible = jump > 4.0 * bar;
    if (best == nullptr) {
      if (visible && jump > finest) return false;
      finest = std::min(finest, 4.0 * bar);
      if (!visible) continue;
    } else if (!visible || std::abs(slope->above - best->above) > bar + best_bar ||
               std::abs(slope->below - best->below) > bar + best_bar) {
      break;
    }
    if (best == nullptr) nearest = slope->step;
    furthest = slope->step;
    if (best != nullptr && bar >= best_bar) continue;
    best = slope;
    best_bar = bar;
  }
  if (best == nullptr) return false;
  const auto [low, high] = std::minmax(best->below, best->above);
  const bool between = analytic_ >= low - best_bar && analytic_ <= high + best_bar;
  // Steps much alike may see two corners nearby as one: they are no ground for an accusation.
  const bool lasts = furthest > corner_span * nearest;
  const double outside = std::max(low - analytic_, analytic_ - high);
  const bool clear = outside > clear_corner * best_bar;
  if (!between && (!lasts || best->step > widest_ || !clear)) return false;
  settle(between ? Verdict::pass : Verdict::fail, *best, best_bar + 0.5 * (high - low));
  finding_.kink = true;
  return true;
}

void Search::give_up(const Standard& standard) {
  const Slope& last = slopes_.back();
  if (!piece_ && last.finite && like_last().size() > 1 && unsettled(last, bars(last, standard))) {
    return come_closer(last, standard);
  }
  if (std::isfinite(analytic_) && judge_corner(standard)) return;
  Standard lenient = standard;
  lenient.comfort = 1.0;
  for (const Slope& slope : slopes_) {
    if (!slope.finite || contradiction_) continue;
    const Bars bar = bars(slope, standard);
    if (agrees(slope, bar, lenient)) return settle(Verdict::pass, slope, bar.likely);
  }
  if (standard.brief) return leave_open(standard);
  begin_piece(standard);
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
  if (best == nullptr) {
    decided_ = true;
    finding_.numeric = std::numeric_limits<double>::quiet_NaN();
    finding_.bar = std::numeric_limits<double>::infinity();
    finding_.step = slopes_.back().step;
    finding_.verdict = Verdict::inconclusive;
    finding_.singular = true;
    return;
  }
  finding_.singular = diverges(standard);
  if (!std::isfinite(analytic_)) {
    const auto verdict = finding_.singular ? Verdict::inconclusive : Verdict::fail;
    return settle(verdict, *best, best_bars.cautious);
  }
  Standard lenient = standard;
  lenient.comfort = 1.0;
  best_bars.likely = best_bars.cautious;
  if (!finding_.singular && agrees(*best, best_bars, lenient))
    return settle(Verdict::pass, *best, best_bars.cautious);
  // What was not accused would not have been seen.
  const double error = std::abs(analytic_ - best->value);
  settle(Verdict::inconclusive, *best, std::max(best_bars.cautious, 1.5 * error));
  finding_.stencil = best->step;
}

void Search::begin_piece(const Standard& standard) {
  const Slope* sharpest = nullptr;
  for (const Slope& slope : slopes_) {
    if (!slope.finite) continue;
    const bool better =
        sharpest == nullptr || bars(slope, standard).cautious < bars(*sharpest, standard).cautious;
    if (better) sharpest = &slope;
  }
  if (sharpest == nullptr || !std::isfinite(analytic_)) return leave_open(standard);
  constexpr double u = std::numeric_limits<double>::epsilon() / 2.0;
  step_ = sharpest->step;
  const double noise = std::max(standard.noise, u * sharpest->magnitude);
  // At once as far as the tolerance needs: on a shorter piece noise is more.
  constexpr double needed =
      12.0;  // widths of noise, by the gain of a fit to one side and its margin
  const double asked = standard.tolerance * size(*sharpest, standard);
  const double reach = std::clamp(needed * noise / asked, 2.0 * step_, 2e3 * step_);
  piece_.emplace(reach, noise);
  for (const Value& value : values_) piece_->add(value.t, value.rise);
}

void Search::judge_piece(const Standard& standard) {
  piece_->conclude();
  const double wanted = standard.tolerance * std::max(std::abs(analytic_), standard.reference);
  if (piece_->least_bar() > wanted) return leave_open(standard);
  const double rounding = rounding_margin * standard.roundoff;
  const auto whole = piece_->slope();
  if (whole) {
    Slope slope;
    slope.value = whole->value;
    slope.step = whole->reach;
    Bars bar;
    bar.likely = whole->bar + rounding * size(slope, standard);
    if (agrees(slope, bar, standard)) return settle(Verdict::pass, slope, bar.likely);
    suspect_ = suspect_ || std::abs(analytic_ - whole->value) > bar.likely;
  }
  const auto below = piece_->below();
  const auto above = piece_->above();
  if (!whole && below && above) {
    const double bar = below->bar + above->bar + rounding * std::abs(analytic_);
    const auto [low, high] = std::minmax(below->value, above->value);
    const bool visible = high - low > 4.0 * bar;
    const bool between = analytic_ >= low - bar && analytic_ <= high + bar;
    if (visible && between) return settle_corner(*below, *above);
  }
  if (piece_->wanted().empty()) leave_open(standard);
}

void Search::settle_corner(const PieceSlope& below, const PieceSlope& above) {
  Slope slope;
  slope.value = 0.5 * (below.value + above.value);
  slope.step = std::min(below.reach, above.reach);
  const double spread = 0.5 * std::abs(above.value - below.value);
  settle(Verdict::pass, slope, below.bar + above.bar + spread);
  finding_.kink = true;
}

}  // namespace dtheta::gradcheck::detail
