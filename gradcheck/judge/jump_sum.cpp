#include "gradcheck/judge/jump_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

// Within this numbers of the size of 1 have a few neighbours.
constexpr double beside_one = 32.0 * std::numeric_limits<double>::epsilon();
// Of a slope: more than a solver that is of any use is off by.
constexpr double small_part = 0x1p-9;

/// J from an accused entry on to one side, in pieces. What J moves by over a piece, less the integral of the
/// slopes that it has from close by, is what it jumps by there.
class Side {
 public:
  /// `bend`: by how much J's slope may change on the way to a jump that has to do with the error.
  Side(const Request& request, std::size_t entry, const Finding& accusation, double error,
       double bend)
      : request_(request),
        entry_(entry),
        x_(request.theta.values()[entry]),
        accusation_(accusation),
        error_(error),
        bend_(bend) {}

  /// The first jump within this reach that is a part of what the error comes to as far as there.
  std::optional<Jump> first_jump(double reach) {
    if (!set_steps(reach)) return {};
    // An accusation made over jumps, not between them, has nothing to do with them.
    double before = slope(x_), value = request_.cost;
    if (!(std::abs(before - accusation_.numeric) <= 0.25 * std::abs(error_))) return {};
    for (int k = 0; k < pieces; ++k) {
      const double from = x_ + k * piece_;
      const double middle = slope_after(from + 0.5 * piece_, before);
      const double after = slope_after(from + piece_, middle);
      const double next = at(from + piece_);
      const double jumps = next - value - piece_ / 6.0 * (before + 4.0 * middle + after);
      if (!std::isfinite(jumps)) return end_there();
      constexpr double part = 1.0 / 8.0;
      if (std::abs(before - accusation_.numeric) > bend_) return {};
      if (std::abs(jumps) > part * std::abs(error_ * piece_)) {
        if (const auto jump = jump_in(from, {before, middle, after}, std::abs(jumps))) return jump;
      }
      value = next;
      before = after;
    }
    return {};
  }

  /// J is not finite as far as it was looked at.
  bool ends() const { return ends_; }

 private:
  static constexpr int pieces = 8;
  struct Slopes {
    double before, middle, after;
  };

  double at(double value) const { return ask(request_, entry_, value); }

  std::optional<Jump> end_there() {
    ends_ = true;
    return {};
  }

  /// Steps so short that few slopes are taken across a jump. False where θ does not resolve them.
  bool set_steps(double reach) {
    constexpr double resolved = 256.0 * std::numeric_limits<double>::epsilon(), part = 1.0 / 16.0;
    piece_ = reach / pieces;
    const double least = resolved * std::max(std::abs(x_), std::abs(x_ + reach));
    const double most = part * std::abs(piece_);
    step_ = std::clamp(0.5 * accusation_.step, std::min(least, most), most);
    return least < most;
  }

  /// By a stencil of fourth order.
  double slope(double x) const {
    const auto over = [&](double step) {
      const double high = x + step, low = x - step;
      return (at(high) - at(low)) / (high - low);
    };
    return (4.0 * over(step_) - over(2.0 * step_)) / 3.0;
  }

  /// The same, where a jump may lie within the stencil: the side without it has about the slope before.
  double slope_after(double x, double before) const {
    const double both = slope(x);
    if (std::abs(both - before) <= 0.5 * std::abs(error_)) return both;
    const auto aside = [&](double step) { return (at(x + step) - at(x)) / ((x + step) - x); };
    const double above = 2.0 * aside(step_) - aside(2.0 * step_);
    const double below = 2.0 * aside(-step_) - aside(-2.0 * step_);
    return std::min({both, above, below}, [&](double a, double b) {
      return std::abs(a - before) < std::abs(b - before);
    });
  }

  /// The jump in a piece, beside the integral of the parabola through its slopes.
  std::optional<Jump> jump_in(double from, const Slopes& s, double seen) const {
    const double rise = 4.0 * s.middle - 3.0 * s.before - s.after;
    const double bend = 2.0 * (s.before - 2.0 * s.middle + s.after);
    const auto rest = [&](double x) {
      const double t = (x - from) / piece_;
      return at(x) - piece_ * t * (s.before + t * (rise / 2.0 + t * bend / 3.0));
    };
    constexpr double several = 1.0 / 16.0;
    return find_jump(rest, from, from + piece_, 0.0, several * seen);
  }

  const Request& request_;
  std::size_t entry_;
  double x_;
  const Finding& accusation_;
  double error_, bend_;
  double piece_ = 0.0, step_ = 0.0;
  bool ends_ = false;
};

/// The error is no more than this part of the slope.
bool is_part(const Request& request, std::size_t entry, const Finding& accusation, double part) {
  return std::abs(request.analytic[entry] - accusation.numeric) <=
         part * std::abs(accusation.numeric);
}

/// J's slope over this move is the claim, but for this part of the error.
bool follows_claim(const Request& request, std::size_t entry, double error, double move,
                   double part) {
  const double x = request.theta.values()[entry], there = x + move;
  const double chord = (ask(request, entry, there) - request.cost) / (there - x);
  return std::abs(chord - request.analytic[entry]) <= part * std::abs(error);
}

/// Few evaluations that tell whether to ask: the error is a small part, or J's moves over wide steps to one side
/// follow the claim.
bool may_be_made_of_jumps(const Request& request, std::size_t entry, const Finding& accusation,
                          double length) {
  const double error = request.analytic[entry] - accusation.numeric;
  if (is_part(request, entry, accusation, 1.0 / 16.0)) return true;
  const auto follows = [&](double part) {
    return follows_claim(request, entry, error, part * length, 0.75);
  };
  // One may do so because J bends.
  constexpr double close = 1.0 / 32.0, wide = 0.5, far = 8.0, furthest = 64.0;
  if (follows(wide) && follows(close)) return true;
  if (follows(-wide) && follows(-close)) return true;
  return follows(far) && (follows(wide) || follows(furthest));
}

/// J's moves over steps far wider than the entry, to one side, follow the claim closely.
bool follows_from_afar(const Request& request, std::size_t entry, double error, double length) {
  const auto follows = [&](double parts) {
    return follows_claim(request, entry, error, parts * length, 0.125);
  };
  return (follows(16.0) && follows(64.0)) || (follows(-16.0) && follows(-64.0));
}

/// J's values as far as this reach to both sides lie on one smooth curve, but for less than a jump that makes up
/// this error: their sixth differences say so.
bool is_smooth(const Request& request, std::size_t entry, double error, double reach) {
  constexpr int points = 25, order = 6;
  const double x = request.theta.values()[entry], spacing = 2.0 * reach / (points - 1);
  std::array<double, points> y{};
  for (int k = 0; k < points; ++k) y[k] = ask(request, entry, x - reach + k * spacing);
  for (int n = 1; n <= order; ++n) {
    for (int k = 0; k < points - n; ++k) y[k] = y[k + 1] - y[k];
  }
  return std::ranges::all_of(std::span(y).first(points - order), [&](double difference) {
    return std::abs(difference) <= std::abs(error) * spacing;
  });
}

/// The next jumps to both sides. Between two of them J runs away from the claim by the error times their distance.
struct Jumps {
  std::optional<Jump> next[2];
  bool ends = false;  // J, on one side

  /// They lie as close to each other as numbers of the size of 1 do: x is added to such a number, and what J does
  /// from jump to jump is a rounding, however large.
  bool are_roundings_of_one() const {
    return next[0] && next[1] && std::abs(next[0]->at - next[1]->at) <= beside_one;
  }

  double largest() const {
    double most = 0.0;
    for (const auto& jump : next) most = std::max(most, jump ? std::abs(jump->size) : 0.0);
    return most;
  }

  /// What J runs away from the claim by between the jumps, where its slope there is no constant.
  double run(const Request& request, std::size_t entry) const {
    const double x = request.theta.values()[entry];
    double run = 0.0;
    for (const auto& jump : next) {
      if (!jump) continue;
      const double way = jump->at - x;
      const double left =
          request.analytic[entry] * way - (ask(request, entry, jump->at) - request.cost);
      run += way > 0.0 ? left : -left;
    }
    return run;
  }

  double between(double x) const {
    double between = 0.0;
    for (const auto& jump : next) between += jump ? std::abs(jump->at - x) : 0.0;
    return between;
  }

  /// The jumps take back what J ran away by.
  bool take_back(double x, double run, double error, double slope) const {
    double sum = 0.0, most = 0.0, least = std::numeric_limits<double>::infinity();
    int found = 0;
    for (const auto& jump : next) {
      if (!jump) continue;
      ++found;
      sum += jump->at > x ? jump->size : -jump->size;
      most = std::max(most, std::abs(jump->size));
      least = std::min(least, std::abs(jump->size));
    }
    // Before an end of J there is one: half of a stair or more lies on this side of it.
    if (found == 1) return ends && sum / run > 0.5 && sum / run < 8.0;
    if (found == 0) return false;
    // Stairs, which grow or shrink on the way.
    const double part = 0.5 * sum / run;
    if (part > 0.65 && part < 1.5) return true;
    // A solver that comes to its end from either side by turns jumps further, and back; next to what J itself
    // moves by that is little.
    const double moves = std::abs(slope) * between(x);
    return std::abs(error) <= small_part * std::abs(slope) && most <= moves / 64.0 &&
           least > 0.5 * std::abs(run) && most < 32.0 * std::abs(run);
  }
};

}  // namespace

bool jumps_make_up_the_error(const Request& request, std::size_t entry, const Finding& accusation,
                             double length) {
  const double error = request.analytic[entry] - accusation.numeric;
  if (!std::isfinite(error) || accusation.step <= 0.0) return false;
  if (!may_be_made_of_jumps(request, entry, accusation, length)) return false;
  // What J does as a whole may be next to nothing, as that of a phase which wraps: that says nothing of a claim of
  // zero, nor of what lies between two jumps of J's own size.
  const double claim = request.analytic[entry];
  const bool next_to_nothing = std::abs(claim) <= 0.125 * std::abs(accusation.numeric);
  if (next_to_nothing && accusation.step > beside_one) return false;
  const bool from_afar = follows_from_afar(request, entry, error, length);
  const bool free = from_afar || is_part(request, entry, accusation, small_part);
  const double bend = free ? std::numeric_limits<double>::infinity() : 0.25 * std::abs(error);
  Jumps jumps;
  for (const double part : {1.0 / 1024.0, 1.0 / 128.0, 1.0 / 16.0, 0.5, 4.0}) {
    if (is_smooth(request, entry, error, part * length)) continue;
    for (const int side : {0, 1}) {
      if (jumps.next[side]) continue;
      Side along(request, entry, accusation, error, bend);
      jumps.next[side] = along.first_jump((side == 0 ? part : -part) * length);
      jumps.ends = jumps.ends || along.ends();
    }
    if (jumps.next[0] && jumps.next[1]) break;
  }
  if (next_to_nothing && !jumps.are_roundings_of_one()) return false;
  constexpr double of_cost = 1.0 / 16.0;
  if (!from_afar && jumps.largest() > of_cost * std::abs(request.cost)) return false;
  const double x = request.theta.values()[entry];
  const double run = next_to_nothing ? jumps.run(request, entry) : error * jumps.between(x);
  return jumps.take_back(x, run, error, accusation.numeric);
}

}  // namespace dtheta::gradcheck::detail
