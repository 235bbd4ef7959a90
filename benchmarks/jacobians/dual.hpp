#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace jacobian_worlds {

/// A number with its derivatives by up to 16 others: forward mode, so that worlds know their
/// Jacobians without any code of the checker's.
struct Dual {
  static constexpr std::size_t most = 16;
  double v = 0.0;
  std::array<double, most> d{};

  Dual() = default;
  Dual(double value) : v(value) {}
};

/// g(a) with g'(a) = slope.
inline Dual chain(const Dual& a, double value, double slope) {
  Dual r(value);
  for (std::size_t k = 0; k < Dual::most; ++k) r.d[k] = slope * a.d[k];
  return r;
}
inline Dual combine(double value, const Dual& a, double by_a, const Dual& b, double by_b) {
  Dual r(value);
  for (std::size_t k = 0; k < Dual::most; ++k) r.d[k] = by_a * a.d[k] + by_b * b.d[k];
  return r;
}

inline Dual operator+(const Dual& a, const Dual& b) { return combine(a.v + b.v, a, 1, b, 1); }
inline Dual operator-(const Dual& a, const Dual& b) { return combine(a.v - b.v, a, 1, b, -1); }
inline Dual operator*(const Dual& a, const Dual& b) { return combine(a.v * b.v, a, b.v, b, a.v); }
inline Dual operator/(const Dual& a, const Dual& b) {
  return combine(a.v / b.v, a, 1 / b.v, b, -a.v / (b.v * b.v));
}
inline Dual sin(const Dual& a) { return chain(a, std::sin(a.v), std::cos(a.v)); }
inline Dual exp(const Dual& a) { return chain(a, std::exp(a.v), std::exp(a.v)); }
inline Dual log(const Dual& a) { return chain(a, std::log(a.v), 1 / a.v); }
inline Dual sqrt(const Dual& a) { return chain(a, std::sqrt(a.v), 0.5 / std::sqrt(a.v)); }
inline Dual tanh(const Dual& a) {
  const double t = std::tanh(a.v);
  return chain(a, t, 1 - t * t);
}
inline Dual abs(const Dual& a) { return chain(a, std::abs(a.v), a.v < 0 ? -1.0 : 1.0); }
inline Dual atan2(const Dual& a, const Dual& b) {
  const double s = a.v * a.v + b.v * b.v;
  return combine(std::atan2(a.v, b.v), a, b.v / s, b, -a.v / s);
}

}  // namespace jacobian_worlds
