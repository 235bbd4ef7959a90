#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "autodiff/scalar/scalar.hpp"

namespace dtheta::gradcheck {

/// The oracle in wide precision: a central difference of order 8 in quad, where truncation and
/// noise meet far below the last digit of a double. With h = 2^-13 and a function of scale one the
/// error is about h^8 / 630 + 2 * 2^-112 / h, some 1e-29.
inline constexpr double wide_step = 0x1p-13;

/// The weights of f(x + k h) - f(x - k h), k from 1, in h f'(x), and those of f(x + k h) +
/// f(x - k h) - 2 f(x) in h^2 f''(x), both of order 8.
/// Fornberg, "Generation of finite difference formulas", Math. Comp. 51 (1988).
[[nodiscard]] inline std::array<Quad, 4> first_weights8() {
  return {Quad(4) / 5, -Quad(1) / 5, Quad(4) / 105, -Quad(1) / 280};
}
[[nodiscard]] inline std::array<Quad, 4> second_weights8() {
  return {Quad(8) / 5, -Quad(1) / 5, Quad(8) / 315, -Quad(1) / 560};
}

/// f'(x) from eight values; `f(x)` returns the function's value at x.
template <class F>
[[nodiscard]] Quad central_difference8(F f, Quad x, Quad h) {
  const std::array<Quad, 4> weight = first_weights8();
  Quad sum = 0;
  for (int k = 4; k >= 1; --k) {  // the smallest terms first
    const Quad plus = x + Quad(k) * h, minus = x - Quad(k) * h;
    sum += weight[static_cast<std::size_t>(k - 1)] * (f(plus) - f(minus));
  }
  return sum / h;
}

/// The same of a function with many values, of which `f(x)` returns the list.
template <class F>
[[nodiscard]] std::vector<Quad> central_differences8(F f, Quad x, Quad h) {
  const std::array<Quad, 4> weight = first_weights8();
  std::vector<Quad> sums;
  for (int k = 4; k >= 1; --k) {
    const std::vector<Quad> plus = f(x + Quad(k) * h), minus = f(x - Quad(k) * h);
    sums.resize(plus.size(), Quad(0));
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += weight[static_cast<std::size_t>(k - 1)] * (plus[i] - minus[i]);
    }
  }
  for (Quad& sum : sums) sum = sum / h;
  return sums;
}

/// d/ds d/dt f(s, t) at (0, 0) from sixteen values: along both diagonals of a rectangle of steps
/// f'' is f_ss + f_tt, plus and minus twice what is asked for. One direction after the other would
/// need 64.
template <class F>
[[nodiscard]] Quad mixed_difference8(F f, Quad step_s, Quad step_t) {
  const std::array<Quad, 4> weight = second_weights8();
  Quad sum = 0;
  for (int k = 4; k >= 1; --k) {
    const Quad s = Quad(k) * step_s, t = Quad(k) * step_t;
    sum += weight[static_cast<std::size_t>(k - 1)] * (f(s, t) + f(-s, -t) - f(s, -t) - f(-s, t));
  }
  return sum / (Quad(4) * step_s * step_t);
}

/// One-sided slope at a corner, from values on one side only: order 2, exact for the pieces of a
/// piecewise quadratic function. `side` is +1 or -1.
template <class F>
[[nodiscard]] Quad one_sided_slope(F f, Quad x, Quad h, int side) {
  const Quad s = Quad(side) * h;
  return (Quad(-3) * f(x) + Quad(4) * f(x + s) - f(x + Quad(2) * s)) / (Quad(2) * s);
}

/// A step for x, relative to the scale on which functions vary there: x itself where it is small or
/// huge, one in between. (Functions with a scale of their own are sampled below 1024.)
[[nodiscard]] inline Quad step_for(Quad x) {
  const Quad size = abs(x), least = Quad(0x1p-6), huge = Quad(1024);
  if (size > huge) return Quad(wide_step) * size;
  return Quad(wide_step) * (size < least ? least : size > Quad(1) ? Quad(1) : size);
}

}  // namespace dtheta::gradcheck
