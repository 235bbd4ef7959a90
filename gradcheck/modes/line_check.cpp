#include "gradcheck/modes/line_check.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// What passes agrees to the tolerance of the largest slope of its group (law.hpp, 1), or is a zero
/// of which only roundings are left; what stays open is within its bar.
double unseen(const Result& result, const Options& options, const Component& c, double reference,
              double whole) {
  // At a corner any value between two slopes passes.
  if (c.verdict == Verdict::fail || c.corner) return std::numeric_limits<double>::infinity();
  if (c.verdict == Verdict::inconclusive) return 2.0 * c.bar;
  constexpr double crumb = 0x1p-46;  // of J: 128 of its roundings
  const double agreed = result.tolerance * std::max(reference, std::abs(c.numeric));
  const double zero =
      rounding_margin * options.gradient_roundoff * whole + crumb * std::abs(result.cost);
  return std::max(agreed, zero) + c.bar;
}

}  // namespace

Options options_along(const Options& options) {
  Options along = options;
  along.threads = 1;
  along.blocks.clear();
  along.layers.clear();
  along.hints = {};
  along.oracles.clear();
  along.corner = {};
  along.gradient_rounding = {};
  along.known_corners.clear();
  along.budget.reset();
  along.replay = {};
  return along;
}

LineCheck check_lines(const Lines& lines, std::span<const LineGroup> groups,
                      const Options& options) {
  ParameterVector lengths;  // how far along each line; all 0
  std::vector<Line> all;
  std::vector<double> claimed;
  Options along = options_along(options);
  for (const LineGroup& group : groups) {
    lengths.add(group.name, 0, {group.lines.size()}, std::vector<double>(group.lines.size(), 0.0));
    for (const Line& line : group.lines) {
      all.push_back(line);
      claimed.push_back(lines.claimed(line));
    }
    along.worst_entries = std::max(along.worst_entries, group.lines.size());
  }
  const ProbeEvaluator evaluate = [&](std::span<const Probe> probes, std::span<double> answers) {
    lines.answer(all, probes, answers);
  };
  const Result result = check_probes(evaluate, Gradient(claimed), lengths, along);

  LineCheck found;
  found.cost = result.cost;
  found.noise = result.noise;
  found.deterministic = result.deterministic;
  found.complete = result.complete;
  found.evaluations = result.evaluations;
  const double whole = largest_finite(claimed);
  for (const BlockResult& block : result.blocks) {
    auto& slopes = found.groups.emplace_back(
        block.size, LineSlope{.unseen = std::numeric_limits<double>::infinity()});
    const double own = largest_finite(std::span(claimed).subspan(block.offset, block.size));
    for (const Component& c : block.worst) {
      slopes[c.position - block.offset] = {
          c.analytic, c.numeric, c.bar,
          c.step,     c.verdict, unseen(result, along, c, own > 0.0 ? own : whole, whole)};
    }
  }
  return found;
}

}  // namespace dtheta::gradcheck::detail
