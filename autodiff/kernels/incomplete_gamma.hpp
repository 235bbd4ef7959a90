#pragma once

#include <cmath>
#include <limits>

#include "autodiff/kernels/gamma.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// x^a exp(-x) / Gamma(a), where both factors are in range.
template <RealScalar T>
T gamma_density(T a, T x) {
  using std::exp, std::log, std::pow;
  if (a < T(30) && x < T(600)) return pow(x, a) * exp(-x) * exp(-log_gamma(a));
  return exp(a * log(x) - x - log_gamma(a));
}

/// The regularized incomplete gamma functions P(a, x) and, with `upper`, Q(a, x) = 1 - P(a, x), for
/// a > 0 and x >= 0, else NaN: by the series of P below a + 1, by the continued fraction of Q
/// beyond (DLMF 8.11.4 and 8.9.2).
template <RealScalar T>
T incomplete_gamma(T a, T x, bool upper) {
  using std::abs;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(
        incomplete_gamma(static_cast<double>(a), static_cast<double>(x), upper));
  } else {
    const T infinity = std::numeric_limits<T>::infinity();
    const T epsilon = std::numeric_limits<T>::epsilon() / T(4);
    constexpr int most = 100000;  // terms; about sqrt(a) are needed, and some tens
    if (!(a > T(0)) || !(x >= T(0))) return std::numeric_limits<T>::quiet_NaN();
    if (x == T(0)) return T(upper ? 1 : 0);
    if (x == infinity) return T(upper ? 0 : 1);
    if (x < a + T(1)) {
      T term = T(1) / a, sum = term;
      for (int k = 1; k < most && term > epsilon * sum; ++k) {
        term *= x / (a + T(k));
        sum += term;
      }
      const T p = sum * gamma_density(a, x);
      return upper ? T(1) - p : p;
    }
    // Lentz's method; all terms are positive.
    T b = x + T(1) - a, c = T(1) / std::numeric_limits<T>::min(), d = T(1) / b, h = d;
    for (int k = 1; k < most; ++k) {
      const T term = T(-k) * (T(k) - a);
      b += T(2);
      d = T(1) / (term * d + b);
      c = b + term / c;
      const T factor = c * d;
      h *= factor;
      if (abs(factor - T(1)) <= T(4) * epsilon) break;
    }
    const T q = h * gamma_density(a, x);
    return upper ? q : T(1) - q;
  }
}

/// Hurwitz's zeta function, the sum over k >= 0 of (q + k)^-s for s > 1: infinite for s = 1 and at
/// the poles q = 0, -1, ..., NaN for s < 1 and where a power of a negative number is none.
template <RealScalar T>
T zeta(T s, T q) {
  using std::abs, std::floor, std::pow;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(zeta(static_cast<double>(s), static_cast<double>(q)));
  } else {
    const T infinity = std::numeric_limits<T>::infinity();
    if (s == T(1)) return q == q ? infinity : q;
    if (!(s > T(1)) || q != q) return std::numeric_limits<T>::quiet_NaN();
    if (q <= T(0)) {
      if (q == floor(q)) return infinity;
      if (s != floor(s) || q < T(-1e6)) return std::numeric_limits<T>::quiet_NaN();
    }
    T sum(0);
    for (; q < T(asymptotic_from<T>) + s; q += T(1)) {
      const T term = pow(q, -s);
      sum += term;
      // What is left is less than the integral q^(1-s) / (s - 1).
      if (q > T(0) && term * (T(1) + q / (s - T(1))) < abs(sum) * T(1e-40)) return sum;
    }
    // Euler and Maclaurin, as in hurwitz_zeta.
    const T inverse = T(1) / q, before = pow(q, T(1) - s), power = before * inverse;
    T term = power * s * inverse / T(2), tail(0);
    for (int k = 1; k <= static_cast<int>(bernoulli.size()); ++k) {
      const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
      tail += term * (T(b.numerator) / T(b.denominator));
      term *=
          (s + T(2 * k - 1)) * inverse * (s + T(2 * k)) * inverse / T((2 * k + 1) * (2 * k + 2));
    }
    return sum + (tail + power / T(2) + before / (s - T(1)));
  }
}

}  // namespace dtheta::detail
