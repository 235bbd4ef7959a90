#pragma once

#include <cmath>
#include <limits>

#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/scalar.hpp"

/// The scaled complementary error function, exp(x^2) erfc(x), and its derivatives, in any real
/// scalar.
namespace dtheta::detail {

/// exp(x^2), the square being exact: x is a number of few digits and a small rest.
template <RealScalar T>
T exp_of_square(T x) {
  using std::exp, std::nearbyint;
  constexpr int digits = std::numeric_limits<T>::digits;
  const T grid = digits > 64 ? T(0x1p46) : digits > 32 ? T(0x1p20) : T(0x1p7);
  // Beyond, exp(x^2) overflows in every case, and the integers on the grid might as well.
  if (!(x < T(1024) && x > T(-1024))) return exp(x * x);
  const T coarse = nearbyint(x * grid) / grid;
  return exp(coarse * coarse) * exp((x - coarse) * (x + coarse));
}

/// exp(x^2) times the n-th repeated integral of erfc, from n - 1 = -1, where it is 2 / sqrt(pi),
/// on: their ratio is r[n] = J[n] / J[n-1] = 1 / (2x + 2 (n + 1) r[n+1]), which converges for x > 0
/// (Gautschi, Computational aspects of three-term recurrence relations, 1967).
template <RealScalar T>
T scaled_repeated_erfc(int n, T x) {
  using std::sqrt;
  const T reach = (std::numeric_limits<T>::digits > 64 ? T(42) : T(21)) / x;
  const int last = n + 24 + static_cast<int>(static_cast<double>(reach * reach / T(2)));
  T ratio = (sqrt(x * x + T(2 * (last + 1))) - x) / T(2 * (last + 1));
  T product(1);
  for (int k = last; k >= 0; --k) {
    ratio = T(1) / (T(2) * x + T(2 * (k + 1)) * ratio);
    if (k <= n) product *= ratio;
  }
  return digits::two_over_sqrt_pi.in<T>() * product;
}

/// The n-th derivative of exp(x^2) erfc(x): (-2)^n n! times the above. It satisfies
/// f[n+1] = 2 x f[n] + 2 n f[n-1], which loses digits for large x.
template <RealScalar T>
T erfcx(int n, T x) {
  using std::erfc;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(erfcx(n, static_cast<double>(x)));
  } else {
    if (x != x) return x;
    if (x == std::numeric_limits<T>::infinity()) return T(0);
    const T from = n == 0 ? T(8) : T(1) / T(2);
    if (x >= from) {
      T value = scaled_repeated_erfc(n, x);
      for (int k = 1; k <= n; ++k) value *= T(-2 * k);
      return value;
    }
    const T first = exp_of_square(x) * erfc(x);
    if (n == 0) return first;
    T before = first, value = T(2) * x * first - digits::two_over_sqrt_pi.in<T>();
    for (int k = 1; k < n; ++k) {
      const T next = T(2) * x * value + T(2 * k) * before;
      before = value;
      value = next;
    }
    return value;
  }
}

}  // namespace dtheta::detail
