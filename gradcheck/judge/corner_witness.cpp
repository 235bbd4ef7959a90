#include "gradcheck/judge/corner_witness.hpp"

#include <cmath>
#include <vector>

#include "gradcheck/judge/law.hpp"

namespace dtheta::gradcheck::detail {

bool CornerWitness::takes_part(std::size_t entry, double step) {
  // So close that a corner which the entry's move has shifted lies outside.
  constexpr double close = 1.0 / 64.0;
  const double t = close * step / std::abs(direction_[entry]);
  if (!(t > 0.0) || !std::isfinite(t)) return false;
  const Jump here = jump_at(entry, 0.0, t);
  constexpr double closer = 1.0 / 8.3;
  const Jump again = jump_at(entry, 0.0, closer * t);
  // The jump of a smooth J's slope falls with the third power of the step.
  constexpr double lasting = 0.5;
  if (here.size <= here.bar || again.size < lasting * here.size - again.bar) return false;
  for (const double sign : {1.0, -1.0}) {
    const Jump beside = jump_at(entry, sign * step, t);
    if (std::abs(beside.size - here.size) <= beside.bar + here.bar) return false;
  }
  return true;
}

/// With E(t) = (J(θ + td) + J(θ − td) − 2J(θ))/t, (r E(t) − E(rt))/(r − 1) is O(t³) where J is
/// smooth, and the jump of J's slope where it is not.
CornerWitness::Jump CornerWitness::jump_at(std::size_t entry, double move, double t) {
  constexpr double r = confirming_ratio;
  const double centre = cost_at(entry, move, 0.0);
  const auto even = [&](double at) {
    return (cost_at(entry, move, at) + cost_at(entry, move, -at) - 2.0 * centre) / at;
  };
  Jump jump;
  jump.size = std::abs(r * even(t) - even(r * t)) / (r - 1.0);
  constexpr double gain = 4.0 * (r + 1.0 / r) / (r - 1.0);  // of the weights' magnitudes
  jump.bar = noise_margin * gain * noise_ / t;
  return jump;
}

double CornerWitness::cost_at(std::size_t entry, double move, double t) {
  const auto values = request_.theta.values();
  std::vector<double> there(values.begin(), values.end());
  there[entry] += move;
  for (std::size_t i = 0; i < there.size(); ++i) there[i] += t * direction_[i];
  return cost_(there);
}

}  // namespace dtheta::gradcheck::detail
