#include "gradcheck/judge/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double noise_margin = 6.0;  // bars hold this many standard deviations of noise
// No simple ratio, so that a periodic J does not look the same at two steps.
constexpr double confirming_ratio = 3.7;
constexpr double smallest_ratio = 4.3;
constexpr double largest_ratio = 67.0;
constexpr double clear_contradiction = 8.0;  // bars that lie between, for the sharper witness
constexpr double insignificant = 0.1;  // parts of the tolerance of the block's largest derivative
constexpr double bent_part = 0.125;
constexpr double narrowest = 3.0;      // steps closer than this tell the same
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
  // A value that is not finite has no size: the bars are those of J.
  const double own = std::isfinite(analytic_) ? std::abs(analytic_) : 0.0;
  return std::max({own, std::abs(slope.value), standard.reference});
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
  const double finite = std::isfinite(analytic_) ? std::abs(analytic_) : 0.0;
  const double own = std::max({finite, std::abs(slope.value), standard.scale});
  bars.likely = slope.likely_truncation(reach) + bars.noise + rounding * own;
  bars.cautious =
      slope.cautious_truncation() + bars.noise + rounding * std::max(own, standard.rounded_with);
  bars.visible = slope.visible_truncation(noise_margin * noise / slope.step);
  return bars;
}

void Search::settle(Verdict verdict, const Slope& slope, double bar) {
  decided_ = true;
  finding_.numeric = slope.value;
  finding_.bar = bar;
  finding_.step = slope.step;
  finding_.stencil = piece_ ? 0.0 : slope.step;
  finding_.verdict = verdict;
  finding_.flat = slope.flat;
  finding_.suspect = suspect_;
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
  if (!std::isfinite(analytic_)) {
    if (unsettled(slope, bar)) return come_closer(slope, standard);
    if (diverges(standard)) return look_beyond(slope, standard);
    return settle(Verdict::fail, slope, bar.cautious);
  }
  if (slope.flat && analytic_ == 0.0 && standard.reference == 0.0) {
    return settle(Verdict::pass, slope, bar.likely);
  }
  const bool corner = at_corner(slope) && bar.visible > bar.noise;
  if (agrees(slope, bar, standard)) {
    // Half way between the slopes of a corner, which may be a cusp.
    if (corner && unsettled(slope, bar)) return come_closer(slope, standard);
    if (corner && diverges(standard)) return leave_open(standard);
    settle(Verdict::pass, slope, bar.likely);
    finding_.kink = corner;
    return;
  }
  if (!excludes(slope, bar, standard)) return choose_step(slope, bar, standard);
  if (unsettled(slope, bar)) return come_closer(slope, standard);
  if (diverges(standard)) return look_beyond(slope, standard);
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
  const double gross_part = standard.brief ? 0.1 : 0.01;  // of the block's largest derivative
  const bool gross = sharpest_ > gross_part * size(slope, standard);
  const bool in_vain = standard.brief || bent_step_ < narrowest * least;
  if (in_vain && !gross && !contradiction_ && !standard.pilot) return give_up(standard);
  if (noisy_step_ > 0.0 && std::isfinite(bent_step_)) {
    // Both sides are known: the best step lies between, unless there is no room left.
    if (bent_step_ < narrowest * noisy_step_) return give_up(standard);
    return move_to(std::sqrt(noisy_step_) * std::sqrt(bent_step_), standard);
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

}  // namespace dtheta::gradcheck::detail
