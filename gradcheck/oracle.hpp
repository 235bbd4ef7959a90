#pragma once

#include <complex>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck {

/// The derivative of J in one entry, from values of J in a scalar wider than double.
struct WideSlope {
  double value = 0.0;      ///< two-sided, of order 6
  double spread = 0.0;     ///< |order 6 − order 4|: bounds the truncation error of smooth J
  double below = 0.0;      ///< one-sided, of order 3
  double above = 0.0;      ///< one-sided, of order 3
  double bend = 0.0;       ///< |order 3 − order 2|, the larger of both sides
  double magnitude = 0.0;  ///< largest |J| used
};

/// Somebody who knows J more sharply than double does. Asked only about entries that the check in
/// double leaves in doubt.
struct Oracle {
  std::string name;       ///< "long double"
  double roundoff = 0.0;  ///< unit roundoff of its scalar
  bool stepless = false;  ///< a complex step: `value` alone is set, with no truncation or noise
  std::size_t price = 7;  ///< evaluations of J for one slope
  /// The slopes in an entry of θ at a step, which is a power of two.
  std::function<WideSlope(std::size_t entry, double step)> slope;
};

/// How often an oracle was asked.
struct OracleUse {
  std::string name;
  std::size_t settled = 0;  ///< entries that it decided
  std::size_t evaluations = 0;
};

/// A corner of J near θ, as somebody who looks inside J sees it.
struct Corner {
  double move = 0.0;  ///< of the entry, from θ to the corner; 0: θ lies on it
  std::string what;   ///< "relu recorded at model.cpp:42"
  /// Several corners meet in θ, and the rules took some from one side and some from the other: the
  /// gradient need not lie between the two slopes.
  bool mixed = false;
};

/// Says which corner lies nearest to θ when one entry moves by up to `reach` to either side.
using CornerFinder = std::function<std::optional<Corner>(std::size_t entry, double reach)>;

/// Slopes of f at x from seven values f(T) -> T. The step must be a power of two, so that every
/// move is exact. Weights of Fornberg, "Generation of finite difference formulas", Math. Comp. 51
/// (1988).
template <class T, class F>
WideSlope wide_slope(F&& f, double x, double step) {
  const T at(x), h(step);
  const T zero = f(at);
  T plus[3], minus[3];
  WideSlope slope;
  const auto size = [](T v) { return static_cast<double>(v < T(0) ? -v : v); };
  slope.magnitude = size(zero);
  for (int k = 0; k < 3; ++k) {
    plus[k] = f(at + T(k + 1) * h);
    minus[k] = f(at - T(k + 1) * h);
    // NaN is kept: it compares with nothing.
    for (const double m : {size(plus[k]), size(minus[k])}) {
      if (!(m <= slope.magnitude)) slope.magnitude = m;
    }
  }
  const T d1 = plus[0] - minus[0], d2 = plus[1] - minus[1], d3 = plus[2] - minus[2];
  const T sixth = (T(45) * d1 - T(9) * d2 + d3) / (T(60) * h);
  const T fourth = (T(8) * d1 - d2) / (T(12) * h);
  slope.value = static_cast<double>(sixth);
  slope.spread = size(sixth - fourth);
  const auto one_sided = [&](const T(&y)[3], T step_out, double& value) {
    const T a = y[0] - zero, b = y[1] - zero, c = y[2] - zero;
    const T third = (T(18) * a - T(9) * b + T(2) * c) / (T(6) * step_out);
    const T second = (T(4) * a - b) / (T(2) * step_out);
    value = static_cast<double>(third);
    const double bend = size(third - second);
    if (!(bend <= slope.bend)) slope.bend = bend;
  };
  one_sided(plus, h, slope.above);
  one_sided(minus, -h, slope.below);
  return slope;
}

/// 2^-p for a scalar of p bits.
template <class T>
constexpr double unit_roundoff_of() {
  double u = 1.0;
  while (T(1) + T(u) / T(2) != T(1)) u /= 2.0;
  return u / 2.0;
}

/// An oracle from a cost that computes in any scalar: cost(std::span<const T>) -> T.
template <class T, class F>
Oracle oracle_in(F cost, std::span<const double> theta, std::string name) {
  const std::vector<T> at(theta.begin(), theta.end());
  return {std::move(name), unit_roundoff_of<T>(), false, 7,
          [cost = std::move(cost), moved = at](std::size_t entry, double step) mutable {
            const T before = moved[entry];
            const auto f = [&](T value) -> T {
              moved[entry] = value;
              const auto restore = [&] { moved[entry] = before; };
              struct Guard {
                decltype(restore)& put_back;
                ~Guard() { put_back(); }
              } const guard{restore};
              return cost(std::span<const T>(moved));
            };
            return wide_slope<T>(f, static_cast<double>(before), step);
          }};
}

/// dJ/dθ_i = Im J(θ + i h e_i) / h with h = 1e-200: nothing is subtracted, so nothing cancels.
/// Only for a J that is analytic in every entry: no abs, no max, no comparison of values.
/// Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Rev.
/// 40 (1998).
inline constexpr double complex_step = 1e-200;

template <class F>
Oracle complex_step_oracle(F cost, std::span<const double> theta) {
  using T = std::complex<double>;
  const std::vector<T> at(theta.begin(), theta.end());
  return {"complex step", std::numeric_limits<double>::epsilon() / 2.0, true, 1,
          [cost = std::move(cost), at](std::size_t entry, double) {
            std::vector<T> moved = at;
            moved[entry] += T(0.0, complex_step);
            const T j = cost(std::span<const T>(moved));
            return WideSlope{.value = j.imag() / complex_step, .magnitude = std::abs(j.real())};
          }};
}

}  // namespace dtheta::gradcheck
