// The whole gradient along random directions, and what they leave unseen block by block.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/directions.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/direction_check.hpp"

namespace dtheta::gradcheck {
namespace {

/// ‖(g_i d_i)‖₂ over a block.
double spread_of(const Block& block, std::span<const double> gradient,
                 std::span<const double> direction) {
  double squares = 0.0;
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    const double part = gradient[i] * direction[i];
    squares += part * part;
  }
  return std::sqrt(squares);
}

class DirectionCheck {
 public:
  DirectionCheck(const Cost& cost, std::vector<double> gradient, const ParameterVector& theta,
                 const DirectionOptions& options, const detail::CheckAlong& along)
      : cost_(cost),
        gradient_(std::move(gradient)),
        theta_(theta),
        options_(options),
        along_(along) {
    for (const Block& block : theta.blocks()) {
      BlockSight sight;
      sight.name = block.name;
      if (block.size == 0) sight.miss = 0.0;
      result_.blocks.push_back(std::move(sight));
    }
  }

  DirectionResult run() {
    if (look_at_whole() && look_at_blocks()) conclude();
    return std::move(result_);
  }

 private:
  /// What agrees may still be off by the bar or the tolerance, whichever is larger.
  double unseen(const DirectionSlope& slope) const {
    return std::max(slope.bar, options_.check.held_to() * std::abs(slope.analytic));
  }

  /// Of one that agrees, for an error of the size asked for.
  double missed_by(const DirectionSlope& slope, double spread) const {
    const double error = options_.smallest_error * spread;
    return error > 0.0 ? std::min(1.0, 0.8 * unseen(slope) / error) : 1.0;
  }

  /// False if the check is at an end.
  bool try_direction(std::span<const double> direction, std::vector<DirectionSlope>& slopes,
                     const std::string& name) {
    DirectionSlope slope =
        detail::slope_along(cost_, gradient_, theta_, direction, options_.check, along_);
    result_.evaluations += slope.evaluations;
    if (!slope.complete) {
      result_.complete = false;
      result_.statement = fmt::format("stopped after {} directions", tried_);
      return false;
    }
    ++tried_;
    slopes.push_back(std::move(slope));
    const DirectionSlope& last = slopes.back();
    if (last.verdict != Verdict::fail) return true;
    result_.verdict = Verdict::fail;
    result_.statement =
        fmt::format("{} contradicts the gradient: {:.12g} against {:.12g} +- {:.1g}", name,
                    last.analytic, last.numeric, last.bar);
    return false;
  }

  bool look_at_whole() {
    while (result_.slopes.size() < options_.most && result_.miss > options_.miss) {
      const auto direction = gaussian_direction(theta_, options_.seed, number_++);
      if (!try_direction(direction, result_.slopes, fmt::format("direction {}", number_))) {
        return false;
      }
      const DirectionSlope& last = result_.slopes.back();
      result_.miss *= missed_by(last, last.spread);
      largest_spread_ = std::max(largest_spread_, last.spread);
      for (std::size_t b = 0; b < result_.blocks.size(); ++b) {
        take(result_.blocks[b], last, spread_of(theta_.blocks()[b], gradient_, direction));
      }
    }
    return true;
  }

  void take(BlockSight& sight, const DirectionSlope& slope, double spread) const {
    if (sight.miss == 0.0) return;  // an empty block
    sight.miss *= missed_by(slope, spread);
    const bool first = sight.floor == 0.0;
    sight.floor = first ? unseen(slope) : std::min(sight.floor, unseen(slope));
    sight.spread = std::max(sight.spread, spread);
  }

  bool look_at_blocks() {
    for (std::size_t b = 0; b < result_.blocks.size(); ++b) {
      BlockSight& sight = result_.blocks[b];
      const Block& block = theta_.blocks()[b];
      while (!sight.seen(options_) && sight.alone.size() < options_.most_alone) {
        auto direction = gaussian_direction(theta_, options_.seed, number_++);
        for (std::size_t i = 0; i < direction.size(); ++i) {
          if (i < block.offset || i >= block.offset + block.size) direction[i] = 0.0;
        }
        const std::string name =
            fmt::format("direction {} of block {} alone", sight.alone.size() + 1, block.name);
        if (!try_direction(direction, sight.alone, name)) return false;
        take(sight, sight.alone.back(), spread_of(block, gradient_, direction));
        if (sight.spread == 0.0) break;  // all of it is the floor: more directions say no more
      }
    }
    return true;
  }

  /// A block that was not seen, and whether what may be wrong there is small beside the whole.
  void conclude() {
    std::vector<std::string> unseen;
    bool small = true;
    for (const BlockSight& sight : result_.blocks) {
      if (sight.seen(options_)) continue;
      small = small && sight.floor <= options_.smallest_error * largest_spread_;
      unseen.push_back(
          fmt::format("{} (below {:.2g} along a direction, where its gradient makes "
                      "{:.2g} and that of the whole {:.2g})",
                      sight.name, sight.floor, sight.spread, largest_spread_));
    }
    const bool seen = result_.miss <= options_.miss && small;
    result_.verdict = seen ? Verdict::pass : Verdict::inconclusive;
    result_.statement = fmt::format(
        "an error of {:.3g} of the gradient would have been missed with probability {:.2g} after "
        "{} directions",
        options_.smallest_error, result_.miss, result_.slopes.size());
    if (unseen.size() < result_.blocks.size()) {
      result_.statement += fmt::format(", one in a single block with at most {:.2g}", worst_seen());
    }
    if (!unseen.empty()) {
      result_.statement +=
          fmt::format("; not seen would be an error in {}", fmt::join(unseen, ", "));
    }
  }

  double worst_seen() const {
    double worst = 0.0;
    for (const BlockSight& sight : result_.blocks) {
      if (sight.seen(options_)) worst = std::max(worst, sight.miss);
    }
    return worst;
  }

  const Cost& cost_;
  const std::vector<double> gradient_;
  const ParameterVector& theta_;
  const DirectionOptions& options_;
  const detail::CheckAlong& along_;
  DirectionResult result_;
  std::uint64_t number_ = 0;  // of the next direction
  std::size_t tried_ = 0;
  double largest_spread_ = 0.0;  // of the whole
};

}  // namespace

DirectionResult check_directions(const Cost& cost, const Gradient& gradient,
                                 const ParameterVector& theta, const DirectionOptions& options) {
  detail::refuse_budget(options.check, "check_directions");
  return detail::check_directions(cost, gradient, theta, options, detail::check_alone);
}

DirectionResult detail::check_directions(const Cost& cost, const Gradient& gradient,
                                         const ParameterVector& theta,
                                         const DirectionOptions& options, const CheckAlong& along) {
  return DirectionCheck(cost, gradient.at(theta), theta, options, along).run();
}

}  // namespace dtheta::gradcheck
