#include "gradcheck/directions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/direction_check.hpp"
#include "gradcheck/modes/halving.hpp"
#include "gradcheck/modes/line_check.hpp"
#include "gradcheck/numeric/counter_bits.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::scrambled;
using detail::uniform;

/// Box and Muller; a function of its arguments alone.
double gaussian(std::uint64_t key, std::uint64_t i) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(scrambled(key ^ scrambled(2 * i)))));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(scrambled(key ^ scrambled(2 * i + 1))));
}

}  // namespace

std::vector<double> gaussian_direction(const ParameterVector& theta, std::uint64_t seed,
                                       std::uint64_t number) {
  std::vector<double> direction(theta.size());
  const std::uint64_t key = scrambled(scrambled(seed) + number);
  for (const Block& block : theta.blocks()) {
    const double scale = detail::scale_of(theta, block);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      direction[i] = scale * gaussian(key, i);
    }
  }
  return direction;
}

DirectionSlope slope_along(const Cost& cost, std::span<const double> gradient,
                           const ParameterVector& theta, std::span<const double> direction,
                           const Options& options) {
  detail::refuse_budget(options, "slope_along");
  return detail::slope_along(cost, gradient, theta, direction, options, detail::check_alone);
}

Result detail::check_alone(const Cost& on_line, std::span<const double> slope,
                           std::span<const double> here, const Options& options) {
  return check(on_line, slope, here, options);
}

DirectionSlope detail::slope_along(const Cost& cost, std::span<const double> gradient,
                                   const ParameterVector& theta, std::span<const double> direction,
                                   const Options& options, const CheckAlong& check_along) {
  if (gradient.size() != theta.size() || direction.size() != theta.size()) {
    throw ShapeError(
        fmt::format("direction: theta has {} entries, the gradient {}, the direction "
                    "{}",
                    theta.size(), gradient.size(), direction.size()));
  }
  DirectionSlope slope;
  double squares = 0.0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    if (direction[i] == 0.0) continue;  // a NaN there is not asked about
    const double part = gradient[i] * direction[i];
    slope.analytic += part;
    squares += part * part;
  }
  slope.spread = std::sqrt(squares);
  std::vector<double> moved(theta.size());
  const Cost along = [&](std::span<const double> t) {
    for (std::size_t i = 0; i < moved.size(); ++i) {
      moved[i] = theta.values()[i] + t[0] * direction[i];
    }
    return cost(moved);
  };
  const Options one = detail::options_along(options);  // one thread: `moved` is shared
  const std::array<double, 1> here{0.0};
  const std::array<double, 1> analytic{slope.analytic};
  const Result result = check_along(along, analytic, here, one);
  slope.numeric = result.numeric[0];
  slope.bar = result.bar[0];
  slope.verdict = result.verdict;
  slope.evaluations = result.evaluations;
  slope.complete = result.complete;
  return slope;
}

BadEntries find_bad_entries(const Cost& cost, const Gradient& gradient,
                            const ParameterVector& theta, std::size_t most,
                            const DirectionOptions& options) {
  detail::refuse_budget(options.check, "find_bad_entries");
  const std::vector<double> g = gradient.at(theta);
  BadEntries bad;
  for (std::size_t i = 0; i < g.size() && bad.positions.size() < most; ++i) {
    if (!std::isfinite(g[i])) bad.positions.push_back(i);
  }
  std::vector<Block> blocks;
  for (const Block& block : theta.blocks()) {
    if (block.size > 0) blocks.push_back(block);
  }
  detail::ThetaCopies copies(theta.values());
  const detail::Lines lines(copies, cost, theta, blocks, g, 1);
  const detail::LineGroup all{"theta", {{0, theta.size(), detail::scrambled(options.seed)}}};
  const auto along = detail::check_lines(lines, std::span(&all, 1), options.check);
  bad.probes = 1;
  bad.evaluations = along.evaluations;
  const detail::LineSlope& slope = along.groups[0][0];
  if (slope.verdict != Verdict::fail || bad.positions.size() == most) {
    bad.complete = slope.verdict != Verdict::fail;
    return bad;
  }
  const detail::Halves found =
      detail::find_by_halves(lines, {all.lines[0], slope.step, along.noise, along.cost},
                             most - bad.positions.size(), [] { return true; });
  bad.positions.insert(bad.positions.end(), found.positions.begin(), found.positions.end());
  std::ranges::sort(bad.positions);
  bad.probes += found.tests;
  bad.evaluations += found.evaluations;
  bad.complete = found.complete;
  return bad;
}

}  // namespace dtheta::gradcheck
