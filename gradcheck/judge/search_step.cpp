// Where a search looks next, while J is smooth.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double smallest_ratio = 4.3;
constexpr double largest_ratio = 67.0;
constexpr double corner_share = 64.0;  // even part over odd part of the truncation
constexpr double visible_corner = 32.0;
constexpr double furthest_jump = 1000.0;  // upwards, where nothing but noise was seen

/// The even part of the truncation stands out against the odd one and the slopes on both sides: not
/// so where J is smooth and merely even.
bool at_corner(const Slope& slope) {
  constexpr double least = 0.01;  // of the slopes
  return slope.corner > corner_share * slope.gap &&
         slope.corner > least * std::max(std::abs(slope.below), std::abs(slope.above));
}

}  // namespace

bool Search::bends_at_x(const Slope& slope, const Bars& bar) {
  return at_corner(slope) && bar.visible > bar.noise;
}

void Search::seek_confirmation(const Slope& slope, const Bars& bar, const Standard& standard) {
  contradiction_ = Contradiction{slope, bar};
  // The smaller of the two steps must be small enough to accuse.
  if (slope.step > start_.widest()) {
    return move_to(std::min(start_.widest(), slope.step / confirming_ratio), standard);
  }
  // Where the larger step is bent too much to say anything, the smaller one is asked.
  const double larger = slope.step * confirming_ratio;
  move_to(was_at(larger) ? slope.step / confirming_ratio : larger, standard);
}

/// Whether J was asked at about this step.
bool Search::was_at(double step) const {
  constexpr double about = 1.5;
  return std::ranges::any_of(slopes_, [&](const Slope& slope) {
    return slope.step < about * step && step < about * slope.step;
  });
}

/// The largest step at which noise is the larger error, 0 if there is none yet, and the smallest at
/// which truncation is; by what is known of the noise by now. A quantum that is known by a bound
/// alone falls with the step, as what bends does.
Search::Limits Search::limits(const Standard& standard) const {
  Limits limits{0.0, edge_};
  for (const Slope& slope : slopes_) {
    if (!slope.finite) continue;
    const Bars bar = bars(slope, standard);
    const bool bent = !slope.flat && (bar.visible > bar.noise || !knows_quantum(slope, standard));
    if (bent) limits.bent = std::min(limits.bent, slope.step);
  }
  for (const Slope& slope : slopes_) {
    if (slope.finite && slope.step < limits.bent) limits.noisy = std::max(limits.noisy, slope.step);
  }
  return limits;
}

void Search::choose_step(const Slope& slope, const Bars& bar, const Standard& standard) {
  const bool known = knows_quantum(slope, standard);
  const bool bent = bar.visible > bar.noise || !known;
  const auto [noisy_step, bent_step] = limits(standard);
  constexpr double tiny = std::numeric_limits<double>::min();
  const double size = claim(standard).size(slope.value);
  const double asked = standard.comfort * standard.tolerance * size;
  // At smaller steps than this noise alone is more than the tolerance.
  const double least = slope.step * bar.noise / std::max(asked, tiny);
  sharpest_ = std::min(sharpest_, bar.cautious);
  // Where no step can agree, go on only for as long as gross errors could not be told from noise.
  const double gross_part = standard.brief ? 0.1 : 0.01;  // of the block's largest derivative
  const bool gross = sharpest_ > gross_part * size;
  const bool in_vain = standard.brief || bent_step < narrowest * least;
  if (in_vain && known && !gross && !contradiction_ && !standard.pilot) return give_up(standard);
  if (noisy_step > 0.0 && std::isfinite(bent_step)) {
    // Both sides are known: the best step lies between, unless there is no room left.
    if (bent_step < narrowest * noisy_step) return give_up(standard);
    return move_to(std::sqrt(noisy_step) * std::sqrt(bent_step), standard);
  }
  // Truncation falls as h² and noise as 1/h: they meet where the ratio of steps is the cube root.
  if (bent) {
    const double ratio = bar.visible / std::max(bar.noise, tiny);
    // A corner at x itself looks the same at every step: at once to the smallest that shows it.
    if (at_corner(slope) && ratio > visible_corner) {
      return move_to(slope.step * visible_corner / ratio, standard);
    }
    return move_to(slope.step / std::clamp(std::cbrt(ratio), smallest_ratio, largest_ratio),
                   standard);
  }
  // No further than the tolerance needs: a larger step meets more corners.
  const double balance = std::cbrt(bar.noise / std::max(bar.visible, tiny));
  const double ratio = std::min(balance, 2.0 * least / slope.step);
  const double next = slope.step * std::clamp(ratio, smallest_ratio, furthest_jump);
  // Not at once beyond the size of the entry, where J may have another shape.
  const bool beyond = next > start_.size && slope.step < start_.size / smallest_ratio;
  move_to(beyond ? start_.size : next, standard);
}

/// The smallest step of which x keeps enough digits.
double Search::resolution() const {
  constexpr double roundings = 64.0;
  return roundings * std::numeric_limits<double>::epsilon() * std::abs(x_);
}

void Search::move_to(double step, const Standard& standard) {
  // Down to what x resolves, but not below, and not there twice.
  if (step < resolution() && !slopes_.empty() && slopes_.back().step > narrowest * resolution()) {
    step = resolution();
  }
  // So far away a J that says anything of x says it already.
  const double furthest = furthest_part * start_.size;
  if (step > furthest && !slopes_.empty() && slopes_.back().step < furthest / narrowest) {
    step = furthest;
  }
  const bool lost = step < resolution() || step > furthest;
  if (slopes_.size() >= most_slopes || lost || !std::isfinite(x_ + 4.0 * step) || step == 0.0) {
    return give_up(standard);
  }
  step_ = step;
  side_ = Side::both;
}

}  // namespace dtheta::gradcheck::detail
