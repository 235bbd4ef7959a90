#pragma once

#include <cmath>
#include <limits>

#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// The modified Bessel function of the first kind I_n(x), n >= 0, in any real scalar.
template <RealScalar T>
T bessel_i(int n, T x) {
  using std::abs, std::exp, std::sqrt;
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(bessel_i(n, static_cast<double>(x)));
  } else {
    const T epsilon = std::numeric_limits<T>::epsilon(), z = abs(x);
    const T sign = x < T(0) && n % 2 == 1 ? T(-1) : T(1);
    if (!(z < std::numeric_limits<T>::infinity())) return sign * z;
    // From here on the asymptotic series has all digits: its least term is about exp(-2 z).
    const T far = T((std::numeric_limits<T>::digits > 64 ? 48 : 24) + 2 * n);
    if (z < far) {  // the sum over k of (z/2)^(n+2k) / (k! (n+k)!)
      T term(1);
      for (int k = 1; k <= n; ++k) term *= z / T(2 * k);
      T sum = term;
      for (int k = 1; term > epsilon * sum; ++k) {
        term *= z / T(2 * k) * (z / T(2 * (n + k)));
        sum += term;
      }
      return sign * sum;
    }
    // exp(z) / sqrt(2 pi z) times the sum over k of the product of ((2 j - 1)^2 - 4 n^2) / (8 j z)
    T term(1), sum(1);
    for (int k = 1; abs(term) > epsilon * T(0.25) && k < 400; ++k) {
      const T odd = T(2 * k - 1);
      term *= (odd * odd - T(4 * n * n)) / (T(8 * k) * z);
      sum += term;
    }
    const T half = exp(z / T(2));  // I_n(z) is finite where exp(z) no longer is
    return sign * (half * (sum * digits::one_over_sqrt_two_pi.in<T>() / sqrt(z))) * half;
  }
}

}  // namespace dtheta::detail
