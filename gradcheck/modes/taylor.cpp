#include "gradcheck/taylor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/directions.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr int halvings = 26;
constexpr double first_step = 0.25;
// A remainder is believed above this many roundings of J: four values enter it, and J itself rounds
// more than once.
constexpr double noise_margin = 64.0;

/// Slope of the last few believable remainders, where the leading term dominates.
double slope_of(const std::vector<TaylorPoint>& points) {
  constexpr std::size_t most = 4;
  std::vector<const TaylorPoint*> useful;
  for (const TaylorPoint& point : points) {
    if (!point.above_noise) break;  // below it everything is noise
    useful.push_back(&point);
  }
  if (useful.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const TaylorPoint& last = *useful.back();
  const TaylorPoint& first = *useful[useful.size() - std::min(useful.size(), most)];
  return std::log(first.first / last.first) / std::log(first.step / last.step);
}

}  // namespace

TaylorResult taylor_test(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::span<const double> direction) {
  if (direction.size() != theta.size()) {
    throw ShapeError(fmt::format("taylor: the direction has {} entries, but theta has {}",
                                 direction.size(), theta.size()));
  }
  const std::vector<double> g = gradient.at(theta);
  const std::vector<double> here(theta.values().begin(), theta.values().end());
  const double centre = cost(here);
  TaylorResult result;
  std::vector<double> moved(theta.size());
  double h = first_step;
  for (int k = 0; k < halvings; ++k, h /= 2.0) {
    double predicted = 0.0;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      moved[i] = here[i] + h * direction[i];
      predicted += g[i] * (moved[i] - here[i]);  // the move that was really made
    }
    const double value = cost(moved);
    const double noise =
        noise_margin * detail::unit_roundoff * std::max(std::abs(value), std::abs(centre));
    TaylorPoint point{h, std::abs(value - centre), std::abs(value - centre - predicted), false};
    point.above_noise = point.first > noise;
    result.points.push_back(point);
  }
  result.slope = slope_of(result.points);
  if (!std::ranges::all_of(g, [](double v) { return std::isfinite(v); })) {
    result.verdict = Verdict::fail;
    result.statement = "the gradient is not finite";
    return result;
  }
  if (std::isnan(result.slope)) {
    // No remainder stands out: J is linear along d and g agrees with it, or J is flat.
    const bool moves = result.points.front().zeroth > 0.0;
    result.verdict = moves ? Verdict::pass : Verdict::inconclusive;
    result.statement = moves ? "J is linear along this direction, and the gradient agrees with it"
                             : "J does not change along this direction";
    return result;
  }
  if (result.slope > 1.7) result.verdict = Verdict::pass;
  if (result.slope < 1.3) result.verdict = Verdict::fail;
  result.statement = fmt::format(
      "the Taylor remainder falls with slope {:.3f} (2: right, 1: wrong)", result.slope);
  return result;
}

TaylorResult taylor_test(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::uint64_t seed) {
  return taylor_test(cost, gradient, theta, gaussian_direction(theta, seed, 0));
}

}  // namespace dtheta::gradcheck
