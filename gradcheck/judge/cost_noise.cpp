#include "gradcheck/judge/cost_noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double uniform = 0.2886751;  // standard deviation of a rounding to quanta: 1/√12
constexpr double plain = 16.0;          // roundings of J: noise that nobody wonders at
constexpr int attempts = 7;            // spacings a hundredfold apart: from 1e-8 to 1e2 of θ

/// The noise of J from one entry of θ upwards.
double noise_along(const Request& request, std::size_t entry, double length) {
  std::vector<double> values{request.cost};
  const auto along = [&](double value) { return values.emplace_back(ask(request, entry, value)); };
  // So far apart that J moves by some of its own roundings, where its slope is known.
  const double moves = 8.0 * unit_roundoff * std::abs(request.cost / request.analytic[entry]);
  const double part = std::clamp(std::isfinite(moves) ? moves / length : 0.0, 1e-8, 1e-2);
  const double x = request.theta.values()[entry];
  const double spacing = std::max(part * length, 1e-14 * std::abs(x));
  const Noise found = estimate_noise(along, x, spacing, attempts);
  double noise = found.status == NoiseStatus::found ? found.noise : 0.0;
  if (noise > plain * unit_roundoff * std::abs(request.cost)) {
    // A corner among the values looks like noise, but shrinks with the spacing, and has two sides.
    const auto below = [&](double value) { return along(x - (value - x)); };
    const Noise closer = estimate_noise(below, x, found.spacing / 7.3, 1);
    if (closer.status == NoiseStatus::found) noise = std::min(noise, closer.noise);
    if (closer.status == NoiseStatus::too_far) noise = 0.0;
    // J stands still closer by: it moves in quanta, or begins to move further away.
    if (closer.status == NoiseStatus::too_close) {
      noise = std::min(noise, lasting_jump(along, x, x + 8.0 * found.spacing, 0.0));
    }
  }
  return std::max(noise, uniform * quantum_of(values));
}

}  // namespace

double measure_noise(const Request& request, std::span<const std::size_t> pilots,
                     std::span<const double> lengths) {
  constexpr std::size_t coordinates = 3;
  constexpr double alike = 4.0;
  double least = std::numeric_limits<double>::infinity();
  double most = 0.0;
  const std::size_t stride = std::max<std::size_t>(1, pilots.size() / coordinates);
  for (std::size_t p = 0; p < pilots.size() && p / stride < coordinates; p += stride) {
    const double noise = noise_along(request, pilots[p], lengths[p]);
    least = std::min(least, noise);
    most = std::max(most, noise);
    if (p > 0 && least > 0.0 && most <= alike * least) break;
  }
  return std::max({request.noise, unit_roundoff * std::abs(request.cost), most});
}

}  // namespace dtheta::gradcheck::detail
