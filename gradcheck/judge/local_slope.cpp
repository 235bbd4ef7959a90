#include "gradcheck/judge/local_slope.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t in_a_row = 5;
constexpr double alike = 1.0 / 32.0;  // of the slope

struct Slope {
  double step = 0.0;
  double value = 0.0;
  bool smooth = false;  // J moves, more than its own rounding by far, and alike to both sides
};

class Ladder {
 public:
  Ladder(const Request& request, std::size_t entry, double widest)
      : request_(request), entry_(entry), x_(request.theta.values()[entry]), next_(widest) {
    // Below these the step is not what it should be, or a hundred million million times narrower.
    last_ = std::max(256.0 * std::numeric_limits<double>::epsilon() * std::abs(x_), 1e-14 * widest);
  }

  /// Goes down, a rung at a time, to the first five alike. Nothing where there are none.
  std::optional<LocalSlope> descend() {
    while (step_down()) {
      if (rungs_.size() < in_a_row) continue;
      if (const auto slope = common(std::span(rungs_).last(in_a_row))) return slope;
    }
    return {};
  }

  /// Goes down to the end, and to the last five alike.
  std::optional<LocalSlope> bottom() {
    while (step_down()) {
    }
    for (std::size_t last = rungs_.size(); last >= in_a_row; --last) {
      if (const auto slope = common(std::span(rungs_).subspan(last - in_a_row, in_a_row))) {
        return slope;
      }
    }
    return {};
  }

  /// Whether jumps lie between the steps from which J keeps one slope and another, and are no more
  /// than roundings of numbers inside J.
  bool moves_by_roundings() const {
    constexpr double rounded = 0x1p-8;  // of a number with eight bits
    const std::function<double(double)> along = [&](double value) {
      return ask(request_, entry_, value);
    };
    for (const Slope& rung : rungs_) {
      const double jump = lasting_jump(along, x_, x_ + rung.step, rung.value);
      if (jump > 0.0) return jump <= rounded * std::max(std::abs(request_.cost), largest_);
    }
    return false;
  }

 private:
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
    if (!std::isfinite(over) || !std::isfinite(under)) return {step, 0.0, false};
    largest_ = std::max({largest_, std::abs(over), std::abs(under)});
    constexpr double roundings = 0x1p-45, straight = 0.125;
    const bool moves =
        std::abs(over - under) > roundings * std::max(std::abs(over), std::abs(under));
    const double slope = (over - under) / (high - low);
    const double above = (over - request_.cost) / (high - x_);
    return {step, slope, moves && std::abs(above - slope) <= straight * std::abs(slope)};
  }

  static std::optional<LocalSlope> common(std::span<const Slope> row) {
    LocalSlope best{0.0, std::numeric_limits<double>::infinity()};
    const double size = std::abs(row.front().value);
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (!row[k].smooth || !(std::abs(row[k].value - row.front().value) <= alike * size))
        return {};
      if (k == 0) continue;
      const double apart = std::abs(row[k].value - row[k - 1].value);
      if (apart < best.spread) best = {row[k].value, apart};
    }
    return best;
  }

  const Request& request_;
  std::size_t entry_;
  double x_;
  double next_, last_ = 0.0;
  double largest_ = 0.0;
  std::vector<Slope> rungs_;  // from wide to narrow
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

}  // namespace

std::optional<LocalSlope> local_slope(const Request& request, std::size_t entry, double widest) {
  Ladder ladder(request, entry, widest);
  const auto wide = ladder.descend();
  if (!wide) return {};
  const auto close = ladder.bottom();
  const double apart = std::abs(wide->value - close->value);
  const bool same = apart <= 2.0 * alike * std::max(std::abs(wide->value), std::abs(close->value));
  if (same) return wide->spread <= close->spread ? wide : close;
  return ladder.moves_by_roundings() ? wide : close;
}

SecondLook look_from_afar(const Request& request, std::size_t entry, const Finding& finding,
                          double length, bool quantized) {
  constexpr double wide = 0.1, narrow = 1e-6, still = 3e-5, half = 0.5;  // of the entry's size
  if (finding.verdict == Verdict::inconclusive || finding.reason != Reason::slope) return {};
  const double claim = request.analytic[entry], part = finding.step / length;
  const bool passes = finding.verdict == Verdict::pass;
  const bool stood_still = finding.numeric == 0.0;  // as it may over tiny steps, not over wide ones
  const bool odd = stood_still ? part < still : part > wide || part < narrow || quantized;
  if (!(finding.step > 0.0) || !odd || (passes && std::abs(claim) > finding.bar)) return {};
  SecondLook look{true, false, 0.0};
  if (passes && stood_still && stands_still(request, entry, half * length)) return look;
  const auto kept = local_slope(request, entry, half * length);
  if (!kept) return look;
  constexpr double besides = 0.25, next_to_nothing = 1e-3;
  const double error = std::abs(claim - kept->value);
  const double other = std::abs(finding.numeric - kept->value);
  look.refutes =
      passes ? std::abs(claim) <= next_to_nothing * std::abs(kept->value) : error < besides * other;
  if (look.refutes && !passes && part < narrow) look.noise = other * finding.step;
  return look;
}

}  // namespace dtheta::gradcheck::detail
