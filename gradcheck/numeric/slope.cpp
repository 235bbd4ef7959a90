#include "gradcheck/numeric/slope.hpp"

#include <algorithm>
#include <cmath>

namespace dtheta::gradcheck::detail {
namespace {

// The values next to x, and those further out, by position in a slope's points.
struct Order {
  std::size_t near[2];
  std::size_t far[2];
};
constexpr Order order_of(Side side) {
  return side == Side::both ? Order{{1, 2}, {0, 3}} : Order{{0, 1}, {2, 3}};
}

/// p'(0) = Σ w_k (y_k − y(0)) of the polynomial p through (0, y(0)) and (m_k, y_k):
/// w_k = 1/m_k · Π_{j≠k} m_j / (m_j − m_k), the derivative at 0 of Lagrange's basis.
template <std::size_t N>
std::array<double, N> weights_of(const std::array<double, N>& moves) {
  std::array<double, N> weights{};
  for (std::size_t k = 0; k < N; ++k) {
    weights[k] = 1.0 / moves[k];
    for (std::size_t j = 0; j < N; ++j) {
      if (j != k) weights[k] *= moves[j] / (moves[j] - moves[k]);
    }
  }
  return weights;
}

double slope_from(const std::array<double, 4>& rises, const std::array<double, 4>& moves,
                  Slope& slope) {
  const auto weights = weights_of(moves);
  double value = 0.0, gain = 0.0, centre = 0.0;
  for (std::size_t k = 0; k < 4; ++k) {
    value += weights[k] * rises[k];
    gain += std::abs(weights[k]);
    centre -= weights[k];
  }
  // On both sides the centre's weight is zero but for the rounding of the moves.
  slope.noise_gain = slope.step * (gain + (slope.side == Side::both ? 0.0 : std::abs(centre)));
  return value;
}

}  // namespace

std::array<double, 4> offsets(Side side) {
  constexpr double r = outer_offset;
  if (side == Side::both) return {-r, -1.0, 1.0, r};
  if (side == Side::above) return {1.0, r, 4.0, r * r};
  return {-1.0, -r, -4.0, -r * r};
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
  const double gap_gain = side == Side::both ? 0.159 : 1.54;
  constexpr double corner_gain = 3.75;
  return 3.0 *
         (std::max(0.0, gap - gap_gain * noise) + std::max(0.0, corner - corner_gain * noise));
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

  slope.value = slope_from(rises, moves, slope);
  const auto [i, j] = order_of(side).near;
  const auto second = weights_of<2>({moves[i], moves[j]});
  slope.gap = std::abs(slope.value - second[0] * rises[i] - second[1] * rises[j]);
  if (side != Side::both) return slope;

  slope.below = rises[1] / moves[1];
  slope.above = rises[2] / moves[2];
  // E(h) = (f₁ + f₋₁ − 2f₀)/h is hJ″ + O(h³) where J is smooth, so that (r E(h) − E(rh))/(r − 1) is
  // O(h³); a corner at x of slope jump s makes it s.
  const double near = slope.above - slope.below;
  const double far = rises[3] / moves[3] - rises[0] / moves[0];
  const double ratio = moves[3] / moves[2];
  slope.corner = std::abs(ratio * near - far) / (ratio - 1.0);
  return slope;
}

}  // namespace dtheta::gradcheck::detail
