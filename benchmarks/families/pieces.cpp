// Costs of pieces: tables, clamps, angles that wrap, counts of steps, and joints where only the
// second derivative jumps.
#include <array>
#include <numbers>

#include "benchmarks/families/unforeseen.hpp"

namespace families {
namespace {

/// A table with linear interpolation between its entries.
Drawn table(Random& random) {
  constexpr std::size_t n = 16;
  const auto heights = random.normals(n);
  const double cell = static_cast<double>(1 + random.below(n - 3));
  const double inside = random.chance(0.5) ? random.uniform(0.1, 0.9) : random.decade(-7, -1);
  return {model("linear table", {cell + inside, random.normal()}, 2,
                [=](auto p, auto mark) {
                  const double x = std::clamp(plain(p[0]), 0.0, n - 1.5);
                  const auto j = static_cast<std::size_t>(x);
                  const auto t = p[0] - static_cast<double>(j);
                  const auto y = heights[j] + mark(0, t * (heights[j + 1] - heights[j]));
                  return square(y - p[1]) + mark(1, 0.1 * square(p[1]));
                }),
          std::min(inside, 1.0 - inside)};
}

/// A clamp, beside its limit on either side.
Drawn clamped(Random& random) {
  const double limit = random.normal(), away = random.sign() * random.decade(-7, 0);
  return {model("clamp", {limit + away, random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const T x = p[0] > T(limit) ? T(limit) : p[0];
                  return mark(0, square(x - p[1] - 1.0)) + mark(1, 0.05 * square(p[0]));
                }),
          std::abs(away)};
}

/// Steps of Euler's method whose number depends on θ: J jumps here and there, perhaps close by.
Drawn counted_steps(Random& random) {
  const double jump = static_cast<double>(20 + random.below(40)) / 20.0;
  const double away = random.chance(0.5) ? random.uniform(0.1, 0.9) * 0.05 : random.decade(-8, -2);
  const double span = jump + (random.chance(0.5) ? away : away - 0.05);
  return {model("counted steps", {random.uniform(0.5, 2.0), span}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const int steps = static_cast<int>(std::ceil(20.0 * plain(p[1])));
                  const T h = mark(0, p[1]) / static_cast<double>(steps);
                  T x = 1.0;
                  for (int k = 0; k < steps; ++k) x -= h * mark(1, p[0]) * x;
                  return square(x - 0.25);
                }),
          std::min(away, 0.05 - away)};
}

/// Residuals of angles, wrapped into one turn; θ may be next to the place where they jump.
Drawn wrapped(Random& random) {
  const double away = random.sign() * random.decade(-7, 0);
  return {model("wrapped angle", {std::numbers::pi + away, random.normal()}, 2,
                [=](auto p, auto mark) {
                  constexpr double turn = 2.0 * std::numbers::pi;
                  const auto first = p[0] - std::round(plain(p[0]) / turn) * turn;
                  return mark(0, square(first)) + mark(1, 1.0 - cos(p[1] - p[0]));
                }),
          std::abs(away)};
}

/// The upper envelope of many tangents of a parabola: a corner every hundredth.
Drawn envelope(Random& random) {
  constexpr double apart = 0.01;
  const double cell = std::floor(random.uniform(-200.0, 200.0));
  const double inside = random.uniform(0.05, 0.95);
  return {model("envelope of tangents", {(cell + inside) * apart, random.normal()}, 1,
                [=](auto p, auto mark) {
                  // The tangent at the middle of each cell.
                  const double at = (std::floor(plain(p[0]) / apart) + 0.5) * apart;
                  return at * at + 2.0 * at * (p[0] - at) + mark(0, 0.5 * square(p[0] - p[1]));
                }),
          apart * std::min(inside, 1.0 - inside)};
}

/// Joints at which the slope goes on and the curvature does not: Huber's loss at its change, x |x|,
/// |x|^1.5, a quadratic spline's knot. θ is at the joint to the bit.
Drawn joint(Random& random) {
  const std::size_t kind = random.below(4);
  const double at = random.chance(0.5) ? 0.0 : 0.5 * static_cast<double>(random.below(9)) - 2.0;
  static const std::array<std::string, 4> names = {"Huber's joint", "x abs(x)", "abs(x)^1.5",
                                                   "spline's knot"};
  return {model(names[kind], {at, random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const T x = p[0] - at, size = fabs(x), zero = 0.0;
                  // The power by hand: its slope at 0 is 0, not 0 times infinity.
                  const T power = size > zero ? size * sqrt(size) : zero;
                  const T part = kind == 0   ? (x > zero ? x : x + 0.5 * square(x))
                                 : kind == 1 ? x * size
                                 : kind == 2 ? power
                                             : (x > zero ? square(x) : zero);
                  return mark(0, part) + mark(1, sin(p[0] + 0.5)) + square(p[1] - p[0]);
                }),
          1.0, true};
}

/// Two corners, one to each side, of which one may be very close.
Drawn between_corners(Random& random) {
  const double left = random.decade(-7, 0), right = random.decade(-7, 0);
  const double a = random.normal(), b = random.normal();
  const double at = random.chance(0.5) ? 0.0 : 1.0;
  return {model("between two corners", {at, random.normal()}, 2,
                [=](auto p, auto mark) {
                  using T = Scalar<decltype(p)>;
                  const T y = p[0] - at;
                  return mark(0, a * fabs(y + left)) + b * fabs(y - right) +
                         mark(1, 0.5 * square(p[1] - p[0]));
                }),
          std::min(left, right)};
}

}  // namespace

std::span<const DrawKind> pieces() {
  static constexpr std::array<DrawKind, 7> all = {table,    clamped, counted_steps,  wrapped,
                                                  envelope, joint,   between_corners};
  return all;
}

}  // namespace families
