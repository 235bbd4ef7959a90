#pragma once

#include <array>
#include <span>

namespace dtheta::gradcheck::detail {

/// On which side of x the four values of a slope lie.
enum class Side { both, above, below };

/// How far the outer values of a two-sided slope lie, in steps: 1 + √2, of all numbers one of the
/// furthest from simple fractions. No period of J divides both moves, so that an oscillation cannot
/// look like a slope at both.
inline constexpr double outer_offset = 2.414213562373095;

/// Offsets, in steps, of the four values: ±1, ±outer_offset, or four to one side.
std::array<double, 4> offsets(Side side);

/// The derivative at x from J(x) and four values beside it, with what they say about its error.
struct Slope {
  Side side = Side::both;
  double step = 0.0;
  double value = 0.0;       ///< fourth order
  double gap = 0.0;         ///< |fourth order − second order|
  double corner = 0.0;      ///< what the even part of J says of a corner; O(step³) for smooth J
  double noise_gain = 0.0;  ///< ‖weights‖₁
  double magnitude = 0.0;   ///< largest |J| used
  double below = 0.0;       ///< one-sided slopes; only for Side::both
  double above = 0.0;
  bool finite = false;        ///< every value was finite
  bool finite_below = false;  ///< every value below x was
  bool finite_above = false;  ///< every value above x was
  bool flat = false;          ///< every value had the bits of J(x)

  /// Bound on the truncation error that holds for smooth J and beside a corner: the corner of
  /// slope jump s at any distance from x moves `value` by at most 2.4 (gap + corner); 3 is margin.
  double cautious_truncation() const;

  /// The part of cautious_truncation() that values uncertain by noise·step cannot have made.
  double visible_truncation(double noise) const;

  /// Truncation error that is likely for smooth J: gap ~ h²M₃/6 and the error ~ h⁴M₅/20 fall
  /// together, so the error is gap·O(gap / size). Right only for agreeing, never for accusing.
  double likely_truncation(double size) const;
};

/// The points x + offset·step as the working precision has them.
std::array<double, 4> points(Side side, double x, double step);

/// `centre` is J(x); values[k] is J at points(side, x, step)[k].
Slope measure(Side side, double x, double step, double centre, std::span<const double, 4> values);

}  // namespace dtheta::gradcheck::detail
