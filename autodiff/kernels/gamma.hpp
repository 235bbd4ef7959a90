#pragma once

#include <array>
#include <cmath>
#include <limits>

#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/scalar.hpp"

/// The derivatives of log Gamma(x), in any real scalar.
namespace dtheta::detail {

/// log |Gamma(x)|. The reentrant functions, where there are any: std::lgamma writes to a global.
template <RealScalar T>
T log_gamma(T x) {
#if defined(__GLIBC__)
  [[maybe_unused]] int sign = 0;
  if constexpr (std::same_as<T, float>)
    return ::lgammaf_r(x, &sign);
  else if constexpr (std::same_as<T, double>)
    return ::lgamma_r(x, &sign);
  else if constexpr (std::same_as<T, long double>)
    return ::lgammal_r(x, &sign);
  else
    return lgamma(x);
#else
  using std::lgamma;
  return lgamma(x);
#endif
}

/// Bernoulli's numbers B_2, B_4, ... B_30 as fractions of integers that a double holds exactly.
struct Fraction {
  double numerator, denominator;
};
inline constexpr std::array<Fraction, 15> bernoulli{{{1, 6},
                                                     {-1, 30},
                                                     {1, 42},
                                                     {-1, 30},
                                                     {5, 66},
                                                     {-691, 2730},
                                                     {7, 6},
                                                     {-3617, 510},
                                                     {43867, 798},
                                                     {-174611, 330},
                                                     {854513, 138},
                                                     {-236364091, 2730},
                                                     {8553103, 6},
                                                     {-23749461029, 870},
                                                     {8615841276005, 14322}}};

/// From where on the asymptotic series with these terms has all digits of T.
template <RealScalar T>
inline constexpr int asymptotic_from = std::numeric_limits<T>::digits > 64 ? 36 : 12;

/// cot(pi x), exact at its zeros and poles.
template <RealScalar T>
T cot_pi(T x) {
  using std::nearbyint, std::tan;
  const T r = x - nearbyint(x);  // in [-1/2, 1/2]
  const T quarter = T(1) / T(4);
  if (r > quarter) return tan(digits::pi.in<T>() * (T(1) / T(2) - r));
  if (r < -quarter) return tan(digits::pi.in<T>() * (T(-1) / T(2) - r));
  return T(1) / tan(digits::pi.in<T>() * r);
}

/// The n-th derivative of cot(x) as a polynomial in c = cot(x): P_0 = c, P_n = -(1 + c^2) P'_(n-1).
inline constexpr int most_cot_derivatives = 100;
template <Scalar T>
T cot_derivative(int n, T c) {
  std::array<T, most_cot_derivatives + 2> p{};
  p[1] = T(1);
  for (int k = 1; k <= n; ++k) {
    std::array<T, most_cot_derivatives + 2> next{};
    for (std::size_t i = 1; i <= static_cast<std::size_t>(k); ++i) {
      const T d = -T(static_cast<double>(i)) * p[i];
      next[i - 1] += d;
      next[i + 1] += d;
    }
    p = next;
  }
  T value(0);
  for (int i = n + 1; i >= 0; --i) value = value * c + p[static_cast<std::size_t>(i)];
  return value;
}

/// psi(x) = d log Gamma(x) / dx. At 0 infinite with the sign opposite to that of x, at other poles
/// NaN.
template <RealScalar T>
T digamma(T x) {
  using std::log, std::copysign, std::floor;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(digamma(static_cast<double>(x)));
  } else {
    if (x == T(0)) return copysign(std::numeric_limits<T>::infinity(), -x);
    if (x < T(0)) {
      if (x == floor(x)) return std::numeric_limits<T>::quiet_NaN();
      return digamma(T(1) - x) - digits::pi.in<T>() * cot_pi(x);
    }
    T shifts(0);
    for (; x < T(asymptotic_from<T>); x += T(1)) shifts += T(1) / x;
    // psi(x) ~ log x - 1/(2x) - sum of B_2k / (2k x^2k)
    const T inverse = T(1) / (x * x);
    T series(0);
    for (int k = static_cast<int>(bernoulli.size()); k >= 1; --k) {
      const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
      series = (series + T(b.numerator) / (T(b.denominator) * T(2 * k))) * inverse;
    }
    return log(x) - T(1) / (T(2) * x) - series - shifts;
  }
}

/// 1 / a^n for n >= 0, by squaring.
template <RealScalar T>
T inverse_power(T a, int n) {
  T power(1);
  for (; n > 0; n /= 2, a *= a) {
    if (n % 2 == 1) power *= a;
  }
  return T(1) / power;
}

/// The sum over k >= 0 of (a + k)^-s for an integer s > 1 and a > 0: Hurwitz's zeta function.
template <RealScalar T>
T hurwitz_zeta(int s, T a) {
  T sum(0);
  for (; a < T(asymptotic_from<T> + s); a += T(1)) sum += inverse_power(a, s);
  // Euler and Maclaurin: a^(1-s)/(s-1) + a^-s/2 + sum of B_2k/(2k)! s(s+1)...(s+2k-2) a^(1-s-2k)
  const T inverse = T(1) / a, before = inverse_power(a, s - 1), power = before * inverse;
  T term = power * T(s) * inverse / T(2), tail(0);
  for (int k = 1; k <= static_cast<int>(bernoulli.size()); ++k) {
    const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
    tail += term * (T(b.numerator) / T(b.denominator));
    term *= T(s + 2 * k - 1) * inverse * T(s + 2 * k) * inverse / T((2 * k + 1) * (2 * k + 2));
  }
  return sum + (tail + power / T(2) + before / T(s - 1));
}

/// The n-th derivative of psi, n >= 1. At its poles infinite, with the sign it has for x > 0.
template <RealScalar T>
T polygamma(int n, T x) {
  using std::floor;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(polygamma(n, static_cast<double>(x)));
  } else {
    const T sign = n % 2 == 1 ? T(1) : T(-1);
    if (x <= T(0)) {
      if (x == floor(x)) return sign * std::numeric_limits<T>::infinity();
      // psi_n(x) = (-1)^n psi_n(1 - x) - pi^(n+1) cot^(n)(pi x)
      T reflected = cot_derivative(n, cot_pi(x));
      for (int k = 0; k <= n; ++k) reflected *= digits::pi.in<T>();
      return -sign * polygamma(n, T(1) - x) - reflected;
    }
    T factorial(1);
    for (int k = 2; k <= n; ++k) factorial *= T(k);
    return sign * factorial * hurwitz_zeta(n + 1, x);
  }
}

}  // namespace dtheta::detail
