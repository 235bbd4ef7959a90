#pragma once

#include <cmath>
#include <limits>

#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// y with erf(y) = x, in any real scalar: a start of three digits, then Halley's steps, each of
/// which makes three times as many right. NaN outside [-1, 1].
template <RealScalar T>
T erfinv(T x) {
  using std::abs, std::erf, std::erfc, std::exp, std::log, std::sqrt;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(erfinv(static_cast<double>(x)));
  } else {
    const T a = abs(x);
    if (!(a <= T(1))) return std::numeric_limits<T>::quiet_NaN();
    if (a == T(1)) return x * std::numeric_limits<T>::infinity();
    constexpr int steps = std::numeric_limits<T>::digits > 64 ? 4 : 3;
    const T scale = digits::two_over_sqrt_pi.in<T>();
    if (a <= T(0.5)) {
      // The first terms of the power series in w = sqrt(pi) x / 2.
      const T w = digits::half_sqrt_pi.in<T>() * x;
      T y = w * (T(1) + w * w * (T(0.33333) + w * w * T(0.23333)));
      for (int i = 0; i < steps; ++i) {
        const T off = erf(y) - x;
        y -= off / (scale * exp(-y * y) + off * y);
      }
      return y;
    }
    // 1 - a is exact here, and keeps the digits that erf(y) near 1 has lost. The start is that of
    // Hastings for the normal distribution (Abramowitz and Stegun, 26.2.22).
    const T q = T(1) - a;
    const T t = sqrt(T(-2) * log(q / T(2)));
    const T hastings =
        t - (T(2.30753) + t * T(0.27061)) / (T(1) + t * (T(0.99229) + t * T(0.04481)));
    T y = digits::sqrt_half.in<T>() * hastings;
    for (int i = 0; i < steps; ++i) {
      const T off = erfc(y) - q;
      y += off / (scale * exp(-y * y) - off * y);
    }
    return x < T(0) ? -y : y;
  }
}

}  // namespace dtheta::detail
