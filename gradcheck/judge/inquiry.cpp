#include "gradcheck/judge/inquiry.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double sides = 0.25;   // of the error: closer than this to the analytic value
constexpr double tells = 0.125;  // of the error: noise that still tells the two values apart

class Inquirer {
 public:
  Inquirer(const Request& request, std::size_t entry, const Finding& accusation, double noise)
      : request_(request),
        entry_(entry),
        x_(request.theta.values()[entry]),
        analytic_(request.analytic[entry]),
        found_(accusation),
        noise_(noise),
        coarse_(noise > inside()),
        error_(std::abs(analytic_ - accusation.numeric)) {}

  /// The larger of two steps far below the accusing one at which J's slope is the analytic value, or
  /// J has a corner at x that allows it; 0 if there are none.
  double narrow_step() const {
    constexpr double factor = 16.0;
    const double last = 1.01 * least_step();
    for (double step = found_.step / factor; step > last; step /= factor) {
      if (sides_with_claim(step)) return step;
      // As close as noise lets it be seen, whatever lies between.
      if (step / factor <= last && step > 2.0 * last && sides_with_claim(last)) return last;
    }
    const double below = coarse_ ? narrow_step_below_noise() : 0.0;
    return below > 0.0 && !moves_by_roundings() ? below : 0.0;
  }

  bool sides_with_claim(double step) const {
    const double closer = step / confirming_ratio;
    const Around here = around(step);
    if (follows(here) && follows(around(closer))) return true;
    return bends(here) && stays_bent(here, around(closer));
  }

  /// What hides J's slope from close by are roundings of numbers inside J: then the wide slope is
  /// J's.
  bool moves_by_roundings() const {
    const auto along = [&](double value) { return at(value); };
    for (const double sign : {1.0, -1.0}) {
      const double jump = lasting_jump(along, x_, x_ + sign * found_.step, found_.numeric);
      if (jump > 0.0) return rounds_by(jump);
    }
    return false;
  }

  /// Of a number inside J with eight bits or more.
  bool rounds_by(double jump) const { return is_rounding(jump, std::abs(request_.cost)); }

  /// From closer than the accusation J has the same slope still. Jumps that are a part of its size,
  /// as those of a phase that wraps, hide none then.
  bool keeps_slope() const {
    constexpr int looks = 3;
    double step = found_.step;
    for (int k = 0; k < looks; ++k) {
      step /= confirming_ratio;
      const Around here = around(step);
      if (!here.moves || !(std::abs(here.both - found_.numeric) <= tells * error_)) return false;
    }
    return true;
  }

  /// From closer than the noise lets a slope be told, there may be none: then J's jumps were taken
  /// for it. Three steps in a row that say the same are not made by noise, which grows over them.
  double narrow_step_below_noise() const {
    constexpr double resolved = 256.0 * std::numeric_limits<double>::epsilon();
    constexpr double last = 1e-14;  // of the accusing step
    const double least = std::max(resolved * std::abs(x_), last * found_.step);
    int in_a_row = 0;
    for (double step = found_.step / confirming_ratio; step > least; step /= confirming_ratio) {
      const Around here = around(step);
      const bool says_so = here.moves && std::abs(here.both - analytic_) <= tells * error_;
      in_a_row = says_so ? in_a_row + 1 : 0;
      if (in_a_row == 3) return step;
    }
    return 0.0;
  }

  /// Whether J jumps to both sides within the accusing step: then it stands still from closer, or
  /// nearly so, whatever it does.
  double jumps_on_both_sides() const { return jumps_within(found_.step); }

  /// The quantum that hid the slope; 0 if there is none.
  double quantum() const {
    if (found_.numeric == 0.0) return quantum_where_still();
    // As far as a few thousand steps, and from steps that were tiny as far as the entry's size: so
    // long a piece of one shape may lie between two roundings of what cancels inside J.
    constexpr double factor = 8.0, furthest = 4096.0;
    const double last = std::max(furthest * found_.step, std::abs(x_));
    for (double reach = factor * found_.step; reach <= last; reach *= factor) {
      const bool each = follows(reach) && follows(-reach);
      // Over both sides together the bend of J cancels; that is asked where roundings of numbers
      // inside J, far larger than J, may be what it moves in.
      if (!each && (coarse_ || !follows(around(reach)))) continue;
      const double jump = jumps_within(reach);
      if (jump > 0.0 && (each || jump <= inside()) && (rounds_by(jump) || !keeps_slope())) {
        return jump;
      }
    }
    return quantum_among_steps();
  }

 private:
  /// J may be noisier over the accusing steps than where its noise was measured.
  double quantum_among_steps() const {
    constexpr double within = 1.0 / 8.0;  // of the accusing step
    return noise_around(request_, entry_, within * found_.step, noise_) / rounding_deviation;
  }

  /// J stood still over the accusing steps: it moves by jumps if its first move is one.
  double quantum_where_still() const {
    constexpr int most = 14;
    constexpr double factor = 8.0;
    double reach = found_.step;
    for (int k = 0; k < most; ++k) {
      reach *= factor;
      for (const double sign : {1.0, -1.0}) {
        const double there = at(x_ + sign * reach);
        // What noise can do is no move.
        const bool moves = std::abs(there - request_.cost) > noise_margin * noise_;
        if (std::isfinite(there) && moves) return jump_within(sign * reach);
      }
    }
    return 0.0;
  }

  /// As large as what roundings of numbers inside J may be.
  double inside() const {
    constexpr double roundings = 64.0;
    return roundings * std::numeric_limits<double>::epsilon() *
           std::max(1.0, std::abs(request_.cost));
  }

  double at(double value) const { return ask(request_, entry_, value); }

  /// Below this noise alone is an eighth of the error.
  double least_step() const {
    const double resolved = 16.0 * std::numeric_limits<double>::epsilon() * std::abs(x_);
    return confirming_ratio * std::max(noise_margin * noise_ / (tells * error_), resolved);
  }

  /// J's slopes on both sides of x, and over both.
  struct Around {
    double below, above, both;
    bool moves;  // values that are equal witness nothing
  };
  Around around(double step) const {
    const double high = x_ + step, low = x_ - step;
    const double over = at(high), under = at(low);
    return {(request_.cost - under) / (x_ - low), (over - request_.cost) / (high - x_),
            (over - under) / (high - low), over != under};
  }

  bool follows(const Around& s) const {
    return s.moves && std::abs(s.both - analytic_) <= sides * error_;
  }

  /// A corner at x of which wide steps see one side alone, as of two curves that soon meet again:
  /// on one side the slope is what the accusation saw, and the analytic value lies between both.
  bool bends(const Around& s) const {
    const double room = tells * error_;
    const auto near = [&](double a, double b) { return std::abs(a - b) <= room; };
    const bool between = analytic_ >= std::min(s.below, s.above) - room &&
                         analytic_ <= std::max(s.below, s.above) + room;
    return between && (near(s.above, found_.numeric) || near(s.below, found_.numeric));
  }

  /// From closer the slopes part by as much, where those of a smooth J would have come together.
  bool stays_bent(const Around& far, const Around& close) const {
    const double gap = far.above - far.below, left = close.above - close.below;
    return bends(close) && std::abs(left - gap) <= tells * std::abs(gap);
  }

  bool follows(double move) const {
    const double there = x_ + move;
    const double slope = (at(there) - request_.cost) / (there - x_);
    return std::abs(slope - analytic_) <= sides * error_;
  }

  /// The larger of J's jumps to both sides of x; 0 unless there are two.
  double jumps_within(double reach) const {
    const double above = jump_within(reach);
    const double below = above > 0.0 ? jump_within(-reach) : 0.0;
    return below > 0.0 ? std::max(above, below) : 0.0;
  }

  /// J's jump between x and x + reach; 0 if what is left of its moves is slope and noise.
  double jump_within(double reach) const {
    const auto along = [&](double value) { return at(value); };
    const double jump = lasting_jump(along, x_, x_ + reach, found_.numeric);
    constexpr double least = 1e-12;  // of the reach: as far as the interval is halved
    const double slopes = (std::abs(analytic_) + std::abs(found_.numeric)) * least * reach;
    constexpr double clear = 2.0;
    // One that noise has made is no larger than what the bars hold already.
    return jump > clear * (noise_margin * noise_ + std::abs(slopes)) ? jump : 0.0;
  }

  const Request& request_;
  std::size_t entry_;
  double x_;
  double analytic_;
  const Finding& found_;
  double noise_;
  bool coarse_;  // J is known to move in more than that
  double error_;
};

}  // namespace

Inquiry inquire(const Request& request, std::size_t entry, const Finding& accusation,
                double noise) {
  Inquiry inquiry;
  if (!std::isfinite(request.analytic[entry]) || !std::isfinite(accusation.numeric)) return inquiry;
  const Inquirer inquirer(request, entry, accusation, noise);
  inquiry.narrow = inquirer.narrow_step();
  if (inquiry.narrow > 0.0) {
    inquiry.quantum = inquirer.jumps_on_both_sides();
    if (inquiry.quantum > 0.0) inquiry.narrow = 0.0;
  } else {
    inquiry.quantum = inquirer.quantum();
  }
  inquiry.stands = inquiry.narrow == 0.0 && inquiry.quantum == 0.0;
  return inquiry;
}

}  // namespace dtheta::gradcheck::detail
