#include "gradcheck/numeric/slope.hpp"

#include <algorithm>
#include <cmath>

namespace dtheta::gradcheck::detail {
namespace {

struct Weights {
  std::array<double, 4> second;  // of J(x + offset·h) − J(x), second order
  std::array<double, 4> fourth;
  double gain;
};

// Central: f' = (f₁ − f₋₁)/2h and (8(f₁ − f₋₁) − (f₂ − f₋₂))/12h.
constexpr Weights central{
    {0.0, -0.5, 0.5, 0.0}, {1.0 / 12.0, -2.0 / 3.0, 2.0 / 3.0, -1.0 / 12.0}, 1.5};
// Forward: f' = (−3f₀ + 4f₁ − f₂)/2h and (−25f₀ + 48f₁ − 36f₂ + 16f₃ − 3f₄)/12h.
constexpr Weights forward{{2.0, -0.5, 0.0, 0.0}, {4.0, -3.0, 4.0 / 3.0, -0.25}, 128.0 / 12.0};

double weighted(const std::array<double, 4>& weights, const std::array<double, 4>& rises,
                const std::array<double, 4>& moves) {
  double rise = 0.0;
  double run = 0.0;
  for (std::size_t k = 0; k < 4; ++k) {
    rise += weights[k] * rises[k];
    run += weights[k] * moves[k];
  }
  return rise / run;
}

}  // namespace

std::array<int, 4> offsets(Side side) {
  if (side == Side::both) return {-2, -1, 1, 2};
  if (side == Side::above) return {1, 2, 3, 4};
  return {-1, -2, -3, -4};
}

std::array<double, 4> points(Side side, double x, double step) {
  std::array<double, 4> at{};
  const auto offset = offsets(side);
  for (std::size_t k = 0; k < 4; ++k) at[k] = x + offset[k] * step;
  return at;
}

double Slope::cautious_truncation() const { return 3.0 * (gap + corner); }

double Slope::visible_truncation(double noise) const {
  // Root sums of squares of the weights that make gap and corner out of the five values.
  constexpr double gap_gain = 0.26;
  constexpr double corner_gain = 4.2;
  const double one_sided = side == Side::both ? 1.0 : 20.0;
  return 3.0 * (std::max(0.0, gap - one_sided * gap_gain * noise) +
                std::max(0.0, corner - corner_gain * noise));
}

double Slope::likely_truncation(double size) const {
  constexpr double margin = 10.0;
  if (margin * gap >= size) return gap;
  return gap * (margin * gap / size);
}

Slope measure(Side side, double x, double step, double centre, std::span<const double, 4> values) {
  Slope slope;
  slope.side = side;
  slope.step = step;
  const auto at = points(side, x, step);
  std::array<double, 4> rises{};
  std::array<double, 4> moves{};
  slope.magnitude = std::abs(centre);
  slope.finite_below = slope.finite_above = slope.flat = true;
  for (std::size_t k = 0; k < 4; ++k) {
    rises[k] = values[k] - centre;
    moves[k] = at[k] - x;
    const bool finite = std::isfinite(values[k]);
    slope.finite_below = slope.finite_below && (finite || at[k] >= x);
    slope.finite_above = slope.finite_above && (finite || at[k] <= x);
    slope.flat = slope.flat && values[k] == centre;
    if (finite) slope.magnitude = std::max(slope.magnitude, std::abs(values[k]));
  }
  slope.finite = slope.finite_below && slope.finite_above;
  if (!slope.finite) return slope;

  const Weights& weights = side == Side::both ? central : forward;
  slope.noise_gain = weights.gain;
  slope.value = weighted(weights.fourth, rises, moves);
  slope.gap = std::abs(slope.value - weighted(weights.second, rises, moves));
  if (side != Side::both) return slope;

  slope.below = rises[1] / moves[1];
  slope.above = rises[2] / moves[2];
  slope.bend_below = std::abs(slope.below - (rises[0] - rises[1]) / (moves[0] - moves[1]));
  slope.bend_above = std::abs(slope.above - (rises[3] - rises[2]) / (moves[3] - moves[2]));
  // With E(h) = (f₁ + f₋₁ − 2f₀)/h, 2E(h) − E(2h) is O(h³) where J is smooth; a corner at x of
  // slope jump s makes it s.
  slope.corner =
      std::abs(2.0 * (rises[1] + rises[2]) / step - (rises[0] + rises[3]) / (2.0 * step));
  return slope;
}

}  // namespace dtheta::gradcheck::detail
