#include "gradcheck/judge/cost_noise.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr int attempts = 7;  // spacings a hundredfold apart: from 1e-8 to 1e2 of θ

/// J's largest jump between values this far apart, from x on: found where neighbours differ most, and
/// by bisection. 0 if J has none there.
double jump_among(const std::function<double(double)>& f, double x, double spacing) {
  constexpr int intervals = 8;
  constexpr std::size_t most = 3;
  std::vector<std::pair<double, double>> moves;  // how far J moves, and from where
  double before = f(x);
  for (int k = 0; k < intervals; ++k) {
    const double there = f(x + (k + 1) * spacing);
    moves.emplace_back(std::abs(there - before), x + k * spacing);
    before = there;
  }
  std::ranges::sort(moves, std::greater<>());
  double jump = 0.0;
  for (std::size_t k = 0; k < most && jump == 0.0; ++k) {
    jump = lasting_jump(f, moves[k].second, moves[k].second + spacing, 0.0);
  }
  return jump;
}

/// The noise that was found, if it is seen from closer, too: what a corner among the values or a
/// narrow feature makes look like noise shrinks with the spacing. Up to `plain` nobody wonders.
double lasting_noise(const std::function<double(double)>& f, double x, const Noise& found,
                     double plain) {
  constexpr double closer = 1.0 / 7.3;
  constexpr int looks = 4;
  double noise = found.noise;
  double spacing = found.spacing;
  for (int k = 0; k < looks && noise > plain; ++k) {
    spacing *= closer;
    const double sign = k % 2 == 0 ? -1.0 : 1.0;  // a corner has two sides
    const auto turned = [&](double value) { return f(x + sign * (value - x)); };
    const Noise again = estimate_noise(turned, x, spacing, 1);
    // f stands still: it moves in quanta, or begins to move further away.
    if (again.status == NoiseStatus::too_close) {
      return std::min(noise, lasting_jump(f, x, x + 8.0 * found.spacing, 0.0));
    }
    if (again.status != NoiseStatus::found) return 0.0;
    const bool lasts = again.noise > 0.25 * noise;
    noise = std::min(noise, again.noise);
    if (lasts) break;
  }
  return noise;
}

/// What J's values along an entry show.
struct Seen {
  double noise = 0.0;    // by their differences
  double quantum = 0.0;  // of which all are multiples

  double size() const { return std::max(noise, rounding_deviation * quantum); }
};

/// The noise of J from one entry of θ upwards, or downwards where it stands still or ends there.
Seen noise_along(const Request& request, std::size_t entry, double length) {
  const double x = request.theta.values()[entry];
  std::vector<double> values{request.cost};
  bool upwards = true;
  const std::function<double(double)> along = [&](double value) {
    return values.emplace_back(ask(request, entry, upwards ? value : x - (value - x)));
  };
  // So far apart that J moves by some of its own roundings, where its slope is known.
  const double moves = 8.0 * unit_roundoff * std::abs(request.cost / request.analytic[entry]);
  const double plain = 16.0 * unit_roundoff * std::abs(request.cost);
  const double part = moves > 0.0 && std::isfinite(moves) ? std::min(moves / length, 1e-2) : 1e-8;
  const double spacing =
      std::max({part * length, 1e-14 * std::abs(x), std::numeric_limits<double>::min()});
  Noise found = estimate_noise(along, x, spacing, attempts);
  const bool silent =
      found.status == NoiseStatus::too_close || found.status == NoiseStatus::not_finite;
  // A claim that is next to nothing says of no step that J moves there.
  const bool moves_claimed =
      std::abs(request.analytic[entry]) * length > unit_roundoff * std::abs(request.cost);
  if (silent && moves_claimed) {
    const std::size_t before = values.size();
    upwards = false;
    found = estimate_noise(along, x, spacing, attempts);
    if (8.0 * found.spacing > length) values.resize(before);
  }
  double noise = 0.0;
  if (found.status == NoiseStatus::found && (upwards || 8.0 * found.spacing <= length)) {
    noise = lasting_noise(along, x, found, plain);
  } else if (found.still > 0.0 && 64.0 * found.spacing <= length && moves_claimed) {
    // Between standing still and moving there was nothing like noise: the moves may be jumps.
    // Beyond the entry's size J may have another shape.
    const bool still = found.status == NoiseStatus::too_close;
    constexpr double beyond = 8.0;  // where J stood still, its first move is a little further
    noise = rounding_deviation * jump_among(along, x, (still ? beyond : 1.0) * found.spacing);
  }
  return {noise, quantum_of(values)};
}

}  // namespace

double noise_around(const Request& request, std::size_t entry, double spacing, double known) {
  const double x = request.theta.values()[entry];
  const auto along = [&](double value) { return ask(request, entry, value); };
  const Noise found = estimate_noise(along, x, spacing, 1);
  constexpr double alike = 4.0;
  if (found.status != NoiseStatus::found || found.noise <= alike * known) return 0.0;
  const double lasts = lasting_noise(along, x, found, known);
  if (lasts > alike * known) return lasts;
  // From closer it is gone: waves of a smooth J have no jumps, roundings within J have.
  const double jump = jump_among(along, x, found.spacing);
  return rounding_deviation * jump > known ? std::max(found.noise, rounding_deviation * jump) : 0.0;
}

double noise_near(const Request& request, std::size_t entry, double spacing, double aside) {
  if (!(spacing > 0.0)) return 0.0;  // where θ underflows
  const auto along = [&](double value) { return ask(request, entry, value); };
  const Noise noise = estimate_noise(along, request.theta.values()[entry] + aside, spacing, 1);
  return noise.status == NoiseStatus::found ? noise.noise : 0.0;
}

CostNoise measure_noise(const Request& request, std::span<const std::size_t> pilots,
                        std::span<const double> lengths) {
  constexpr std::size_t coordinates = 3;
  constexpr double alike = 4.0;
  double least = std::numeric_limits<double>::infinity();
  double most = 0.0;
  // Differences tell the noise to within a factor of two.
  constexpr double as_rounding = 2.0 * rounding_deviation;
  bool rounded = true;  // and nothing else
  const std::size_t stride = std::max<std::size_t>(1, pilots.size() / coordinates);
  for (std::size_t p = 0; p < pilots.size() && p / stride < coordinates; p += stride) {
    const Seen seen = noise_along(request, pilots[p], lengths[p]);
    const double noise = seen.size();
    rounded = rounded && seen.noise < as_rounding * seen.quantum;
    least = std::min(least, noise);
    most = std::max(most, noise);
    if (p > 0 && least > 0.0 && most <= alike * least) break;
  }
  const double known = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  const double size = std::max(known, most);
  // Half a quantum, and a little for what is rounded to it.
  constexpr double bounded = 2.0;
  CostNoise result{size, rounded && size == most && most > 0.0 ? bounded : noise_margin};
  constexpr double worlds_apart = 1e3;
  constexpr std::size_t most_blocks = 64;
  if (size > worlds_apart * std::max(known, least) && pilots.size() <= most_blocks) {
    for (std::size_t p = 0; p < pilots.size(); ++p) {
      result.by_block.push_back(
          std::max(known, noise_along(request, pilots[p], lengths[p]).size()));
    }
  }
  return result;
}

}  // namespace dtheta::gradcheck::detail
