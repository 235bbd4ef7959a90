#include "gradcheck/judge/local_slope.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t in_a_row = 5;
constexpr double alike = 1.0 / 32.0;  // of the slope
constexpr double row_reach = 11.0;    // from the narrowest of three steps to the widest

struct Slope {
  double step = 0.0;
  double value = 0.0;
  bool smooth = false;  // J moves, more than its own rounding by far, and alike to both sides
  bool still = false;   // J has the same bits
  double bend = 0.0;    // between the slopes to either side
};

/// What J says of an entry without a word of the noise that was measured: its slopes over steps
/// from `widest` down, each a few times narrower than the one before, of which five in a row are
/// alike. Noise that hides a slope makes no five alike, nor does an oscillation that the steps do
/// not follow. Nothing where there are none: J stands still, is bent, or noise is all that it does.
///
/// Where J keeps one slope over wide steps and another from close by, it jumps or oscillates in
/// between. Small jumps are roundings of numbers inside J, and the wide slope is what they hide;
/// jumps that are a part of J's size, as those of a phase, and oscillations are J itself, and the
/// close slope is its derivative.
class Ladder {
 public:
  Ladder(const Request& request, std::size_t entry, double widest)
      : request_(request), entry_(entry), x_(request.theta.values()[entry]), next_(widest) {
    // Below these the step is not what it should be, or a hundred million million times narrower.
    last_ = std::max(256.0 * std::numeric_limits<double>::epsilon() * std::abs(x_), 1e-14 * widest);
  }

  /// The slope that J keeps: that from close by, unless what parts it from that over wide steps are
  /// roundings inside J.
  std::optional<LocalSlope> kept() {
    const auto wide = descend();
    if (!wide) return {};
    const auto close = bottom();
    if (are_one(*wide, *close)) return wide->spread <= close->spread ? wide : close;
    return moves_by_roundings(*wide, *close) ? wide : close;
  }

  /// Just beyond the steps over which J keeps a slope it jumps by roundings of numbers inside it, which hide a
  /// slope that is off by this error.
  bool rounds_beyond(const LocalSlope& slope, double error) const {
    constexpr int looks = 3;
    int asked = 0;
    for (std::size_t k = rungs_.size(); k-- > 0 && asked < looks;) {
      const Slope& rung = rungs_[k];
      if (rung.step <= row_reach * slope.step) continue;
      ++asked;
      for (const double move : {rung.step, -rung.step}) {
        const double jump = jump_to(move, rung.value, least_jump(error, slope.step));
        if (jump > 0.0) return rounds_by(jump);
      }
    }
    return false;
  }

  /// J has the same bits to both sides as far as some steps, and beyond jumps by more than roundings
  /// of numbers inside it: stairs.
  bool climbs_stairs(double to) const {
    constexpr double coarse = 0x1p-12;  // than half precision
    constexpr int fewest = 3;
    int still = 0;
    double widest = 0.0;
    for (const Slope& rung : rungs_) {
      if (!rung.still) continue;
      widest = std::max(widest, rung.step);
      ++still;
    }
    // A J that is printed, or of less precision, jumps wherever it comes to the next of its values.
    if (still < fewest || !(to > widest) || quantum_of(values_) > 0.0) return false;
    const double next = std::min(to, confirming_ratio * widest);
    const auto jumps = [&](double move) {
      return jump_to(move, 0.0, 0.0) > coarse * std::abs(request_.cost);
    };
    return jumps(next) || jumps(-next);
  }

 private:
  static bool are_one(const LocalSlope& a, const LocalSlope& b) {
    constexpr double margin = 8.0;
    return std::abs(a.value - b.value) <= margin * (a.spread + b.spread);
  }

  /// Goes down, a rung at a time, to the first five alike. Nothing where there are none.
  std::optional<LocalSlope> descend() {
    while (step_down()) {
      if (rungs_.size() < in_a_row) continue;
      if (const auto slope = common(rungs_.size() - in_a_row)) return slope;
    }
    return {};
  }

  /// Goes down to the end; of the last that are alike, five and more, and have one slope, the best.
  std::optional<LocalSlope> bottom() {
    while (step_down()) {
    }
    std::optional<LocalSlope> best;
    for (std::size_t first = rungs_.size(); first-- > 0;) {
      if (first + in_a_row > rungs_.size()) continue;
      const auto slope = common(first);
      if (best && (!slope || !are_one(*slope, *best))) break;
      if (slope && (!best || slope->spread < best->spread)) best = slope;
    }
    return best;
  }

  /// Whether jumps lie between the steps from which J keeps one slope and another, and are no more
  /// than roundings of numbers inside J.
  bool moves_by_roundings(const LocalSlope& wide, const LocalSlope& close) const {
    constexpr int enough = 8;
    int asked = 0;
    for (const Slope& rung : rungs_) {
      if (rung.step > wide.step * row_reach || rung.step < close.step || ++asked > enough) continue;
      const double jump =
          jump_to(rung.step, rung.value, least_jump(wide.value - close.value, close.step));
      if (jump > 0.0) return rounds_by(jump);
    }
    return false;
  }

  /// What jumps further apart than this step must be worth if they make a slope differ by so much: J's last bit,
  /// which makes any J jump, is not.
  static double least_jump(double difference, double step) {
    constexpr double part = 0.25;
    return part * std::abs(difference) * step;
  }

  bool rounds_by(double jump) const {
    return is_rounding(jump, std::max(std::abs(request_.cost), largest_));
  }

  /// J's jump on the way there, beside this slope; 0 if it is less than `least`.
  double jump_to(double move, double slope, double least) const {
    const auto along = [&](double value) { return ask(request_, entry_, value); };
    return lasting_jump(along, x_, x_ + move, slope, least);
  }

  /// False at the end.
  bool step_down() {
    if (!(next_ > last_)) return false;
    rungs_.push_back(at(next_));
    next_ /= confirming_ratio;
    return true;
  }

  Slope at(double step) {
    const double high = x_ + step, low = x_ - step;
    const double over = ask(request_, entry_, high), under = ask(request_, entry_, low);
    if (!std::isfinite(over) || !std::isfinite(under)) return {step};
    values_.insert(values_.end(), {over, under});
    largest_ = std::max({largest_, std::abs(over), std::abs(under)});
    constexpr double roundings = 0x1p-45, straight = 0.125;
    const bool moves =
        std::abs(over - under) > roundings * std::max(std::abs(over), std::abs(under));
    const double slope = (over - under) / (high - low);
    const double above = (over - request_.cost) / (high - x_);
    const double below = (request_.cost - under) / (x_ - low);
    const bool smooth = moves && std::abs(above - slope) <= straight * std::abs(slope);
    const bool still = over == request_.cost && under == request_.cost;
    return {step, slope, smooth, still, std::abs(above - below)};
  }

  /// Of five rungs from this one on, if they are alike.
  std::optional<LocalSlope> common(std::size_t first) const {
    const auto row = std::span(rungs_).subspan(first, in_a_row);
    LocalSlope best{0.0, std::numeric_limits<double>::infinity()};
    const double size = std::abs(row.front().value);
    double before = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < row.size(); ++k) {
      const bool same = std::abs(row[k].value - row.front().value) <= alike * size;
      if (!row[k].smooth || !same) return {};
      if (k == 0) continue;
      // Two neighbours may be alike by chance, three are not.
      const double apart = std::abs(row[k].value - row[k - 1].value);
      // As far as J's last bit tells.
      const double least = 2.0 * unit_roundoff * largest_ / row[k].step;
      const double spread = std::max({apart, before, least});
      before = apart;
      if (spread >= best.spread) continue;
      // Over one of these steps J's own bend may hide that of a corner.
      best = {row[k].value, spread, row[k].step,
              std::max(row[k < 2 ? 0 : k - 2].bend, row[k].bend)};
    }
    return best;
  }

  const Request& request_;
  std::size_t entry_;
  double x_;
  double next_, last_ = 0.0;
  double largest_ = 0.0;
  std::vector<Slope> rungs_;    // from wide to narrow
  std::vector<double> values_;  // of J
};

/// Whether J has the value that it has at θ this far away, too.
bool stands_still(const Request& request, std::size_t entry, double reach) {
  constexpr double roundings = 0x1p-45;
  const double x = request.theta.values()[entry];
  const auto moves = [&](double to) {
    return std::abs(ask(request, entry, to) - request.cost) > roundings * std::abs(request.cost);
  };
  return !moves(x + reach) && !moves(x - reach);
}

/// Whether the slopes from closer than an agreement, as close as noise lets them be seen, agree with
/// the claim.
bool follows_claim(const Request& request, std::size_t entry, double step, double noise) {
  const double x = request.theta.values()[entry], claim = request.analytic[entry];
  constexpr double resolved = 256.0 * std::numeric_limits<double>::epsilon();
  for (const double part : {0x1p-5, 0x1p-12}) {
    const double known = std::max(noise, unit_roundoff * std::abs(request.cost));
    const double near =
        std::max(noise_margin * known / (part * std::abs(claim)), resolved * std::abs(x) / part);
    if (!(near < 0.5 * step)) continue;
    const double high = x + near, low = x - near;
    const double slope = (ask(request, entry, high) - ask(request, entry, low)) / (high - low);
    if (!(std::abs(slope - claim) <= 2.0 * part * std::abs(claim))) return false;
  }
  return true;
}

}  // namespace

SecondLook look_from_afar(const Request& request, std::size_t entry, const Finding& finding,
                          double length, const Unrest& unrest) {
  constexpr double wide = 0.1, narrow = 1e-6, still = 3e-5, half = 0.5;  // of the entry's size
  if (finding.verdict == Verdict::inconclusive || finding.reason != Reason::slope) return {};
  const double claim = request.analytic[entry], part = finding.step / length;
  const bool passes = finding.verdict == Verdict::pass;
  const bool stood_still = finding.numeric == 0.0;  // as it may over tiny steps, not over wide ones
  // Agreement that rests on more noise than there is from close by may have passed over a ripple.
  const bool over_ripples = passes && unrest.raised;
  const bool odd =
      stood_still ? part < still : part > wide || part < narrow || unrest.quantized || over_ripples;
  if (!(finding.step > 0.0) || !odd) return {};
  if (passes && std::abs(claim) > finding.bar && !over_ripples &&
      (part <= wide || follows_claim(request, entry, finding.step, unrest.noise))) {
    return {};
  }
  SecondLook look{true, false, 0.0};
  if (passes && stood_still && stands_still(request, entry, half * length)) return look;
  Ladder ladder(request, entry, half * length);
  const auto kept = ladder.kept();
  constexpr double next_to_nothing = 1e-3;
  if (!kept) {
    const bool zero = std::abs(claim) <= next_to_nothing * std::abs(finding.numeric);
    look.refutes = !passes && zero && ladder.climbs_stairs(finding.step);
    return look;
  }
  constexpr double besides = 0.25, clear = 8.0, least = 1e-5;
  const double error = std::abs(claim - kept->value);
  const double other = std::abs(finding.numeric - kept->value);
  if (!passes) {
    look.refutes = error < besides * other;
    if (look.refutes && part < narrow) look.noise = other * finding.step;
    return look;
  }
  const bool differs = error > clear * kept->spread && error > least * std::abs(kept->value);
  // A corner within these steps would bend J by twice as much.
  const bool passed_over = (part > wide || over_ripples) && differs && kept->step < finding.step &&
                           kept->bend <= besides * error && !ladder.rounds_beyond(*kept, error);
  look.refutes = passed_over || std::abs(claim) <= next_to_nothing * std::abs(kept->value);
  if (passed_over) look.missed = kept;
  return look;
}

void heed(const SecondLook& look, double analytic, Finding& finding) {
  if (!look.refutes) return;
  if (!look.missed) return leave_open(finding, analytic, Reason::two_slopes);
  finding.numeric = look.missed->value;
  finding.bar = look.missed->spread;
  finding.step = look.missed->step;
  finding.verdict = Verdict::fail;
}

}  // namespace dtheta::gradcheck::detail
