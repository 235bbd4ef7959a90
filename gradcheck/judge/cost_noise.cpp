#include "gradcheck/judge/cost_noise.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// The weight of the lowest bit that is set; infinite for zero.
double quantum_of(double value) {
  if (value == 0.0 || !std::isfinite(value)) return std::numeric_limits<double>::infinity();
  int exponent = 0;
  const double mantissa = std::frexp(std::abs(value), &exponent);
  const auto bits = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  return std::ldexp(1.0, exponent - 53 + std::countr_zero(bits));
}

/// The longest way on which J had the same bits.
class Plateau {
 public:
  void visit(double x, double value) {
    if (value != value_) {
      begin_ = x;
      value_ = value;
    }
    longest_ = std::max(longest_, std::abs(x - begin_));
  }
  double longest() const { return longest_; }

 private:
  double begin_ = 0.0;
  double value_ = std::numeric_limits<double>::quiet_NaN();
  double longest_ = 0.0;
};

}  // namespace

double measure_noise(const Request& request, std::span<const std::size_t> pilots) {
  constexpr std::size_t coordinates = 3;
  constexpr double alike = 4.0;
  constexpr double plain_change = 16.0;
  double quantum = quantum_of(request.cost);
  bool stuck = false;
  double noise = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  double least = std::numeric_limits<double>::infinity();
  double most = 0.0;
  const std::size_t stride = std::max<std::size_t>(1, pilots.size() / coordinates);
  for (std::size_t p = 0; p < pilots.size() && p / stride < coordinates; p += stride) {
    const std::size_t i = pilots[p];
    Plateau plateau;
    const auto along = [&](double value) {
      const Probe probe{i, value};
      double answer = 0.0;
      request.evaluate(std::span(&probe, 1), std::span(&answer, 1));
      quantum = std::min(quantum, quantum_of(answer));
      plateau.visit(value, answer);
      return answer;
    };
    // So far apart that J moves by some of its own roundings, where its slope is known.
    const double length = scale_of(request.theta, request.blocks[p]);
    const double moves = 8.0 * unit_roundoff * std::abs(request.cost / request.analytic[i]);
    const double spacing =
        length * std::clamp(std::isfinite(moves) ? moves / length : 0.0, 1e-8, 1e-2);
    const double x = request.theta.values()[i];
    const Noise found = estimate_noise(along, x, std::max(spacing, 1e-14 * std::abs(x)), 3);
    if (found.status == NoiseStatus::found) noise = std::max(noise, found.noise);
    least = std::min(least, found.noise);
    most = std::max(most, found.noise);
    // J ought to have moved and did not: its quanta are larger than the change.
    if (plateau.longest() * std::abs(request.analytic[i]) > plain_change * noise) stuck = true;
    if (p > 0 && least > 0.0 && most <= alike * least) break;
  }
  // A J that is the small difference of large numbers moves in quanta of theirs. How large they are
  // its own low bits say, up to a bound for a J that is round by chance.
  constexpr double most_cancelled = 1024.0;
  const double hidden = most_cancelled * unit_roundoff * std::max(1.0, std::abs(request.cost));
  return std::max(noise, stuck ? hidden : 0.5 * std::min(quantum, hidden));
}

}  // namespace dtheta::gradcheck::detail
