#pragma once

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/gamma.hpp"
#include "autodiff/scalar/scalar.hpp"

/// Special functions of a complex argument, for steps into the complex plane.
namespace dtheta::detail {

/// erf(x + i y) - erf(x) by Abramowitz and Stegun 7.1.29, to about 1e-16 of erf(x + i y).
inline Complex erf_beyond_real(const Complex& z) {
  const double pi = digits::pi.in<double>(), x = z.real(), y = z.imag();
  const double c = std::cos(2 * x * y), s = std::sin(2 * x * y), once = std::sin(x * y);
  Complex sum(x == 0 ? 0 : once * once / x, x == 0 ? y : s / (2 * x));
  const int last = 14 + static_cast<int>(std::min(2 * std::abs(y), 1e3));
  for (int n = 1; n <= last; ++n) {
    // exp(-n^2 / 4) cosh(n y) and sinh(n y), without overflow in between
    const double a = -0.25 * n * n, b = n * y;
    const bool near = std::abs(b) < 1;
    const double cosh =
        near ? std::exp(a) * std::cosh(b) : 0.5 * (std::exp(a + b) + std::exp(a - b));
    const double sinh =
        near ? std::exp(a) * std::sinh(b) : 0.5 * (std::exp(a + b) - std::exp(a - b));
    const Complex term(2 * x * (std::exp(a) - cosh * c) + n * sinh * s,
                       2 * x * cosh * s + n * sinh * c);
    sum += 2.0 * term / (n * n + 4 * x * x);
  }
  return std::exp(-x * x) / pi * sum;
}
inline Complex erf(const Complex& z) { return std::erf(z.real()) + erf_beyond_real(z); }
inline Complex erfc(const Complex& z) { return std::erfc(z.real()) - erf_beyond_real(z); }

/// sin(pi z) and cos(pi z), exact at real multiples of 1/2.
inline Complex sin_pi(const Complex& z) {
  Complex r = z - 2 * std::nearbyint(z.real() / 2);  // its real part is in [-1, 1]
  if (std::abs(r.real()) > 0.5) r = (r.real() > 0 ? 1.0 : -1.0) - r;
  return std::sin(digits::pi.in<double>() * r);
}
inline Complex cos_pi(const Complex& z) {
  const Complex r = z - 2 * std::nearbyint(z.real() / 2);
  return sin_pi(0.5 - (r.real() < 0 ? -r : r));
}

/// z moved to the right until the asymptotic series has all digits; take(z) of each on the way.
template <class Take>
Complex moved_right(Complex z, Take take) {
  for (; z.real() < asymptotic_from<double>; z += 1.0) take(z);
  return z;
}

/// The analytic function whose real part is log |Gamma(x)| on the real axis. Left of 1/2 by
/// reflection, with the square of the sine: its imaginary part is 0 on the axis.
inline Complex log_gamma(const Complex& z) {
  if (z.real() < 0.5) {
    const Complex s = sin_pi(z);
    return std::log(digits::pi.in<double>()) - 0.5 * std::log(s * s) - log_gamma(1.0 - z);
  }
  Complex shifts(0);
  const Complex w = moved_right(z, [&](const Complex& at) { shifts += std::log(at); });
  Complex series(0);
  const Complex inverse = 1.0 / (w * w);
  for (int k = static_cast<int>(bernoulli.size()); k >= 1; --k) {
    const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
    series = series * inverse + b.numerator / (b.denominator * (2 * k) * (2 * k - 1));
  }
  return (w - 0.5) * std::log(w) - w + digits::half_log_two_pi.in<double>() + series / w - shifts;
}

inline Complex digamma(const Complex& z) {
  if (z.real() < 0.5) {
    return digamma(1.0 - z) - digits::pi.in<double>() * cos_pi(z) / sin_pi(z);
  }
  Complex shifts(0);
  const Complex w = moved_right(z, [&](const Complex& at) { shifts += 1.0 / at; });
  const Complex inverse = 1.0 / (w * w);
  Complex series(0);
  for (int k = static_cast<int>(bernoulli.size()); k >= 1; --k) {
    const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
    series = (series + b.numerator / (b.denominator * (2 * k))) * inverse;
  }
  return std::log(w) - 0.5 / w - series - shifts;
}

/// As the real one, see gamma.hpp.
inline Complex polygamma(int n, const Complex& z) {
  const double sign = n % 2 == 1 ? 1 : -1;
  if (z.real() < 0.5) {
    Complex p = cos_pi(z) / sin_pi(z);
    Complex reflected = cot_derivative(n, p);
    for (int k = 0; k <= n; ++k) reflected *= digits::pi.in<double>();
    return -sign * polygamma(n, 1.0 - z) - reflected;
  }
  const int s = n + 1;
  Complex sum(0);
  Complex w = z;
  for (; w.real() < asymptotic_from<double> + s; w += 1.0) sum += std::pow(w, -s);
  const Complex inverse = 1.0 / w, before = std::pow(w, 1 - s), power = before * inverse;
  Complex term = power * static_cast<double>(s) * inverse / 2.0, tail(0);
  for (int k = 1; k <= static_cast<int>(bernoulli.size()); ++k) {
    const Fraction b = bernoulli[static_cast<std::size_t>(k - 1)];
    tail += term * (b.numerator / b.denominator);
    term *= static_cast<double>(s + 2 * k - 1) * inverse * static_cast<double>(s + 2 * k) *
            inverse / static_cast<double>((2 * k + 1) * (2 * k + 2));
  }
  double factorial = 1;
  for (int k = 2; k <= n; ++k) factorial *= k;
  return sign * factorial * (sum + tail + power / 2.0 + before / static_cast<double>(s - 1));
}

}  // namespace dtheta::detail
