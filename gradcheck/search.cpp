#include "gradcheck/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double noise_margin = 6.0;      // bars hold this many standard deviations of noise
constexpr double rounding_margin = 32.0;  // of the analytic side, in units of its roundoff
constexpr std::size_t most_slopes = 14;
// No simple ratio, so that a periodic J does not look the same at two steps.
constexpr double confirming_ratio = 3.7;
constexpr double smallest_ratio = 4.3;
constexpr double largest_ratio = 67.0;
constexpr double clear_contradiction = 8.0;  // bars that lie between, for the sharper witness
constexpr double insignificant = 0.1;  // parts of the tolerance of the block's largest derivative
constexpr double clear_corner = 64.0;  // the same for a corner, which others nearby may imitate
constexpr double bent_part = 0.125;
constexpr double narrowest = 3.0;  // steps closer than this tell the same
constexpr double gross_part = 1e-2;    // of the block's largest derivative
constexpr double corner_share = 64.0;  // even part over odd part of the truncation
constexpr double visible_corner = 32.0;
constexpr double furthest_jump = 1000.0;  // upwards, where nothing but noise was seen

}  // namespace

Search::Search(std::size_t index, double x, double analytic, double step, double widest)
    : index_(index),
      x_(x),
      analytic_(analytic),
      step_(step),
      widest_(widest),
      bent_step_(std::numeric_limits<double>::infinity()),
      sharpest_(std::numeric_limits<double>::infinity()) {}

void Search::ask(std::vector<Probe>& probes) const {
  if (piece_) {
    for (const double move : piece_->wanted()) probes.push_back({index_, x_ + move});
    return;
  }
  for (const double point : points(side_, x_, step_)) probes.push_back({index_, point});
}

void Search::take(std::span<const double> answers, double cost) {
  if (piece_) {
    const auto moves = piece_->wanted();
    for (std::size_t k = 0; k < moves.size(); ++k) {
      // What the working precision makes of the move.
      piece_->add((x_ + moves[k]) - x_, answers[k] - cost);
    }
    return;
  }
  const auto at = points(side_, x_, step_);
  for (std::size_t k = 0; k < at.size(); ++k) values_.push_back({at[k] - x_, answers[k] - cost});
  slopes_.push_back(measure(side_, x_, step_, cost, answers.first<4>()));
}

double Search::size(const Slope& slope, const Standard& standard) const {
  return std::max({std::abs(analytic_), std::abs(slope.value), standard.reference});
}

Search::Bars Search::bars(const Slope& slope, const Standard& standard) const {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2.0;
  const double reach = size(slope, standard);
  double noise = std::max(standard.noise, u * slope.magnitude);
  // Where nothing moves, J may be moving in quanta of larger numbers inside it, and says nothing of
  // their size.
  constexpr double hidden = 1024.0;
  if (slope.flat) noise = std::max(noise, hidden * u * std::max(1.0, slope.magnitude));
  Bars bars;
  bars.noise = noise_margin * slope.noise_gain * noise / slope.step;
  const double rounding = rounding_margin * standard.roundoff;
  const double own = std::max({std::abs(analytic_), std::abs(slope.value), standard.scale});
  bars.likely = slope.likely_truncation(reach) + bars.noise + rounding * own;
  bars.cautious = slope.cautious_truncation() + bars.noise +
                  rounding * std::max(own, standard.rounded_with);
  bars.visible = slope.visible_truncation(noise_margin * noise / slope.step);
  return bars;
}

void Search::settle(Verdict verdict, const Slope& slope, double bar) {
  decided_ = true;
  finding_ = {slope.value, bar,   slope.step, piece_ ? 0.0 : slope.step,
              verdict,     false, slope.flat, suspect_};
}

void Search::judge(const Standard& standard) {
  if (piece_) return judge_piece(standard);
  const Slope slope = slopes_.back();
  if (!slope.finite) {
    leave_domain(slope, standard);
  } else {
    judge_finite(slope, standard);
  }
}

void Search::judge_finite(const Slope& slope, const Standard& standard) {
  const Bars bar = bars(slope, standard);
  if (!std::isfinite(analytic_)) return settle(Verdict::fail, slope, bar.cautious);
  if (slope.flat && analytic_ == 0.0 && standard.reference == 0.0) {
    return settle(Verdict::pass, slope, bar.likely);
  }
  if (agrees(slope, bar, standard)) return settle(Verdict::pass, slope, bar.likely);
  if (!excludes(slope, bar, standard)) return choose_step(slope, bar, standard);
  if (confirmed(slope, bar)) {
    // The one that knows the derivative better is reported.
    const bool finer = bar.cautious < contradiction_->bar;
    return settle(Verdict::fail, finer ? slope : contradiction_->slope,
                  std::min(bar.cautious, contradiction_->bar));
  }
  seek_confirmation(slope, bar, standard);
}

void Search::seek_confirmation(const Slope& slope, const Bars& bar, const Standard& standard) {
  contradiction_ = Contradiction{slope, bar.cautious};
  // As close to x as noise and rounding of x allow, with room for noise that was underestimated:
  // the closer, the fewer corners in between.
  constexpr double room = 32.0;
  constexpr double x_roundings = 0x1p14;
  const double ratio = std::abs(analytic_ - slope.value) / (room * bar.noise);
  const double closest = x_roundings * std::numeric_limits<double>::epsilon() * std::abs(x_);
  const double near = std::max(slope.step / ratio, closest);
  if (slope.step > confirming_ratio * near) return move_to(near, standard);
  move_to(slope.step * confirming_ratio, standard);
}

bool Search::agrees(const Slope& slope, const Bars& bar, const Standard& standard) const {
  const double error = std::abs(analytic_ - slope.value);
  const double asked = standard.comfort * standard.tolerance;
  const double own = asked * std::max(std::abs(analytic_), std::abs(slope.value));
  // Either way the right value is within error + bar of the analytic one.
  const bool alike = error <= bar.likely && error + bar.likely <= asked * size(slope, standard);
  return alike || error + bar.likely <= own;
}

bool Search::excludes(const Slope& slope, const Bars& bar, const Standard& standard) const {
  const double error = std::abs(analytic_ - slope.value);
  const double own = standard.tolerance * std::max(std::abs(analytic_), std::abs(slope.value));
  const double least = insignificant * standard.tolerance * standard.scale;
  if (error <= bar.cautious || error <= std::max(own, least)) return false;
  if (bar.visible > bent_part * error) return false;  // a corner lies within the stencil
  // Several corners within a wide step can conspire. A smaller step that contradicts this slope,
  // or that allows the analytic value more tightly, knows better.
  return std::ranges::none_of(slopes_, [&](const Slope& other) {
    if (!other.finite || other.step >= slope.step) return false;
    const double finer = bars(other, standard).cautious;
    return std::abs(other.value - slope.value) > finer + bar.cautious ||
           (std::abs(analytic_ - other.value) <= finer && finer < error);
  });
}

bool Search::confirmed(const Slope& slope, const Bars& bar) const {
  if (!contradiction_ || std::min(slope.step, contradiction_->slope.step) > widest_) return false;
  const double finer = std::min(bar.cautious, contradiction_->bar);
  return std::abs(analytic_ - slope.value) > clear_contradiction * finer &&
         std::abs(slope.value - contradiction_->slope.value) <= bar.cautious + contradiction_->bar;
}

void Search::choose_step(const Slope& slope, const Bars& bar, const Standard& standard) {
  const bool bent = bar.visible > bar.noise;
  if (bent) {
    bent_step_ = std::min(bent_step_, slope.step);
  } else {
    noisy_step_ = std::max(noisy_step_, slope.step);
  }
  constexpr double tiny = std::numeric_limits<double>::min();
  const double asked = standard.comfort * standard.tolerance * size(slope, standard);
  // At smaller steps than this noise alone is more than the tolerance.
  const double least = slope.step * bar.noise / std::max(asked, tiny);
  sharpest_ = std::min(sharpest_, bar.cautious);
  // Where no step can agree, go on only for as long as gross errors could not be told from noise.
  const bool gross = sharpest_ > gross_part * size(slope, standard);
  const bool in_vain = standard.brief || bent_step_ < narrowest * least;
  if (in_vain && !gross && !contradiction_) return give_up(standard);
  if (noisy_step_ > 0.0 && std::isfinite(bent_step_)) {
    // Both sides are known: the best step lies between, unless there is no room left.
    if (bent_step_ < narrowest * noisy_step_) return give_up(standard);
    return move_to(std::sqrt(noisy_step_) * std::sqrt(bent_step_), standard);
  }
  // Truncation falls as h² and noise as 1/h: they meet where the ratio of steps is the cube root.
  if (bent) {
    const double ratio = bar.visible / std::max(bar.noise, tiny);
    // A corner at x itself looks the same at every step: at once to the smallest that shows it.
    if (slope.corner > corner_share * slope.gap && ratio > visible_corner) {
      return move_to(slope.step * visible_corner / ratio, standard);
    }
    return move_to(slope.step / std::clamp(std::cbrt(ratio), smallest_ratio, largest_ratio),
                   standard);
  }
  // No further than the tolerance needs: a larger step meets more corners.
  const double balance = std::cbrt(bar.noise / std::max(bar.visible, tiny));
  const double ratio = std::min(balance, 2.0 * least / slope.step);
  move_to(slope.step * std::clamp(ratio, smallest_ratio, furthest_jump), standard);
}

void Search::move_to(double step, const Standard& standard) {
  const bool lost = step < 64.0 * std::numeric_limits<double>::epsilon() * std::abs(x_);
  if (slopes_.size() >= most_slopes || lost || !std::isfinite(x_ + 4.0 * step) || step == 0.0) {
    return give_up(standard);
  }
  step_ = step;
  side_ = Side::both;
}

void Search::leave_domain(const Slope& slope, const Standard& standard) {
  // J is not finite on one side: stay on the other. On both, or there too: come closer.
  if (slope.side == Side::both && slope.finite_above != slope.finite_below) {
    if (slopes_.size() >= most_slopes) return give_up(standard);
    side_ = slope.finite_above ? Side::above : Side::below;
    return;
  }
  bent_step_ = std::min(bent_step_, slope.step);
  move_to(slope.step / 8.3, standard);
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
  // From the smallest step upwards. A smaller step that should have shown the corner and did not
  // proves it to lie elsewhere; larger ones that show the same two slopes show them more sharply.
  double finest = std::numeric_limits<double>::infinity();  // smallest jump visible so far
  const Slope* best = nullptr;
  double best_bar = 0.0;
  std::size_t witnesses = 0;
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
    ++witnesses;
    if (best != nullptr && bar >= best_bar) continue;
    best = slope;
    best_bar = bar;
  }
  if (best == nullptr) return false;
  const auto [low, high] = std::minmax(best->below, best->above);
  const bool between = analytic_ >= low - best_bar && analytic_ <= high + best_bar;
  // A single witness may see two corners nearby as one: it is no ground for an accusation.
  const double outside = std::max(low - analytic_, analytic_ - high);
  const bool clear = outside > clear_corner * best_bar;
  if (!between && (witnesses < 2 || best->step > widest_ || !clear)) return false;
  settle(between ? Verdict::pass : Verdict::fail, *best, best_bar + 0.5 * (high - low));
  finding_.kink = true;
  return true;
}

void Search::give_up(const Standard& standard) {
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
    finding_.verdict = std::isfinite(analytic_) ? Verdict::inconclusive : Verdict::fail;
    return;
  }
  Standard lenient = standard;
  lenient.comfort = 1.0;
  best_bars.likely = best_bars.cautious;
  if (agrees(*best, best_bars, lenient)) return settle(Verdict::pass, *best, best_bars.cautious);
  // What was not accused would not have been seen.
  const double error = std::abs(analytic_ - best->value);
  settle(Verdict::inconclusive, *best, std::max(best_bars.cautious, 1.5 * error));
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
  constexpr double needed = 12.0;  // widths of noise, by the gain of a fit to one side and its margin
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
