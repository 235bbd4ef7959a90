#include "gradcheck/judge/stairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double far = 1.0 / 8.0, less_far = far / 4.0;  // of the entry's size

/// J along the entry of a finding.
class Stairs {
 public:
  Stairs(const Request& request, std::size_t entry, const Finding& finding, double length)
      : request_(request),
        entry_(entry),
        finding_(finding),
        length_(length),
        x_(request.theta.values()[entry]),
        claim_(request.analytic[entry]) {}

  /// J's slope over wide steps is another than the finding's, and it has that again elsewhere.
  bool seem_to_be_there() {
    const double near = chord(less_far);
    constexpr double alike = 0x1p-7;
    apart_ = std::abs(near - finding_.numeric);
    if (apart_ <= finding_.bar + alike * std::abs(finding_.numeric)) return false;
    const double wide = chord(far);
    ends_ = !std::isfinite(near) || !std::isfinite(wide);
    if (ends_) apart_ = accuses() ? error() : 3.0 * std::abs(finding_.numeric);
    // Where J bends, the slopes over two steps differ as much; and an accusation is none of a stair's unless
    // one of them speaks for the claim.
    const bool bends = !accuses() && apart_ <= std::abs(near - wide) + finding_.bar;
    const bool for_claim =
        std::min(std::abs(near - claim_), std::abs(wide - claim_)) < 0.5 * apart_;
    if (!ends_ && (bends || (accuses() && !for_claim))) return false;
    return has_it_elsewhere();
  }

  /// J's jump from one stair to the next, if it is a rounding of a number inside J: not where it is less than
  /// `least`, nor where stairs as high would not part the slopes as far. Near to where J ends, as a
  /// logarithm of what is rounded to zero, roundings grow to parts of J's size.
  double jump(double least) const {
    constexpr double quarter = 0.25;
    least = std::max(least, quarter * apart_ * finding_.step / rounding_deviation);
    double most = 0.0;
    for (const double part : {less_far, -less_far, far, -far}) {
      for (const double slope : {finding_.numeric, claim_}) {
        const double there = x_ + part * length_;
        if (!std::isfinite(at(there))) continue;
        const auto along = [&](double value) { return at(value); };
        const double found = lasting_jump(along, x_, there, slope, least);
        if (found > 0.0 && (ends_ || is_rounding(found, std::abs(request_.cost))))
          most = std::max(most, found);
        // Beside the slope that J has within a stair nothing is left but jumps.
        if (!ends_ && (most > 0.0 || !is_open())) return most;
      }
    }
    return most;
  }

 private:
  bool accuses() const { return finding_.verdict == Verdict::fail; }
  bool is_open() const { return finding_.verdict == Verdict::inconclusive; }
  double error() const { return std::abs(claim_ - finding_.numeric); }
  double at(double value) const { return ask(request_, entry_, value); }
  double chord(double part) const {
    const double step = part * length_;
    return (at(x_ + step) - at(x_ - step)) / (2.0 * step);
  }

  /// About the same slope some hundredths of the entry's size away: J has it from stair to stair, and hardly
  /// ever where it oscillates.
  bool has_it_elsewhere() const {
    constexpr double resolved = 256.0 * std::numeric_limits<double>::epsilon();
    // So short that few of them cross from a stair to the next.
    const double step = std::max(finding_.step / 8.0, resolved * std::abs(x_));
    constexpr int enough = 2;
    int alike = 0, other = 0;
    for (const double away : {-0.03, 0.02, 0.045, -0.07}) {
      const double there = x_ + away * length_, high = there + step, low = there - step;
      const double slope = (at(high) - at(low)) / (high - low);
      ++(std::abs(slope - finding_.numeric) <= apart_ / 3.0 ? alike : other);
      if (alike == enough || other > enough) break;
    }
    return alike == enough;
  }

  const Request& request_;
  std::size_t entry_;
  const Finding& finding_;
  double length_, x_, claim_;
  double apart_ = 0.0;  // the slopes over wide steps and over those of the finding
  bool ends_ = false;   // J is not finite within the wide steps
};

}  // namespace

bool may_miss_noise(const Finding& finding, double length) {
  constexpr double usual = 6e-4, early = 1e-2, close = 0.1;
  const bool open = finding.verdict == Verdict::inconclusive;
  const double widest = open ? early : finding.verdict == Verdict::pass ? usual : close;
  return finding.numeric != 0.0 && finding.step > 0.0 && finding.step < widest * length &&
         finding.reason == (open ? Reason::unresolved : Reason::slope);
}

double missed_noise(const Request& request, std::size_t entry, const Finding& finding,
                    double length, double noise) {
  constexpr double more = 4.0, apart = 1e-4, close = 1e-12;
  Stairs stairs(request, entry, finding, length);
  const double least = more * noise / rounding_deviation;
  if (finding.verdict != Verdict::inconclusive) {
    return stairs.seem_to_be_there() ? stairs.jump(least) : 0.0;
  }
  const double around = noise_around(request, entry, apart * length, noise);
  if (around == 0.0) return 0.0;
  const double jump = stairs.jump(least);
  if (jump > 0.0) return jump;
  // Stairs so narrow that no jump among them can be told from the next are noise from next to θ on, to either side;
  // a corner is only where it is.
  const double aside = 64.0 * close * length;
  const double below = noise_near(request, entry, close * length, -aside);
  const double above = noise_near(request, entry, close * length, aside);
  return std::min(below, above) > more * noise ? std::max(around, above) : 0.0;
}

}  // namespace dtheta::gradcheck::detail
