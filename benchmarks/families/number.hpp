#pragma once

#include <concepts>
#include <type_traits>

/// Scalars in which a cost of these families is computed: float, double, quad, and a value with its
/// derivative along one direction. They share nothing with the library under test.
namespace families {

__extension__ typedef __float128 Quad;

/// float arithmetic, rounded after every operation; constants may be doubles.
struct Single {
  float v = 0.0F;
  Single() = default;
  Single(double x) : v(static_cast<float>(x)) {}
  friend Single operator+(Single a, Single b) { return of(a.v + b.v); }
  friend Single operator-(Single a, Single b) { return of(a.v - b.v); }
  friend Single operator*(Single a, Single b) { return of(a.v * b.v); }
  friend Single operator/(Single a, Single b) { return of(a.v / b.v); }
  friend Single operator-(Single a) { return of(-a.v); }
  Single& operator+=(Single b) { return *this = *this + b; }
  Single& operator-=(Single b) { return *this = *this - b; }
  Single& operator*=(Single b) { return *this = *this * b; }
  Single& operator/=(Single b) { return *this = *this / b; }
  friend bool operator<(Single a, Single b) { return a.v < b.v; }
  friend bool operator>(Single a, Single b) { return a.v > b.v; }
  static Single of(float x) {
    Single s;
    s.v = x;
    return s;
  }
};

/// A value and its derivative along one direction.
template <class T>
struct Dual {
  T v = 0.0;
  T d = 0.0;
  Dual() = default;
  template <class U>
  requires(!std::same_as<std::remove_cvref_t<U>, Dual> && std::is_convertible_v<U, T>) Dual(U x)
      : v(static_cast<T>(x)) {}
  Dual(T value, T derivative) : v(value), d(derivative) {}
  friend Dual operator+(Dual a, Dual b) { return {a.v + b.v, a.d + b.d}; }
  friend Dual operator-(Dual a, Dual b) { return {a.v - b.v, a.d - b.d}; }
  friend Dual operator*(Dual a, Dual b) { return {a.v * b.v, chain(a.d, b.v) + chain(b.d, a.v)}; }
  friend Dual operator/(Dual a, Dual b) {
    const T q = a.v / b.v;
    return {q, (a.d - chain(b.d, q)) / b.v};
  }
  friend Dual operator-(Dual a) { return {-a.v, -a.d}; }
  Dual& operator+=(Dual b) { return *this = *this + b; }
  Dual& operator-=(Dual b) { return *this = *this - b; }
  Dual& operator*=(Dual b) { return *this = *this * b; }
  Dual& operator/=(Dual b) { return *this = *this / b; }
  friend bool operator<(Dual a, Dual b) { return a.v < b.v; }
  friend bool operator>(Dual a, Dual b) { return a.v > b.v; }

  /// Derivative times slope, where an infinite slope of what does not move counts for nothing.
  static T chain(T derivative, T slope) {
    return derivative == T(0.0) ? T(0.0) : derivative * slope;
  }
};

double exp(double x);
double log(double x);
double log1p(double x);
double sqrt(double x);
double sin(double x);
double cos(double x);
double tanh(double x);
double atan(double x);
double lgamma(double x);
double digamma(double x);
double erf(double x);
double fabs(double x);

Quad exp(Quad x);
Quad log(Quad x);
Quad log1p(Quad x);
Quad sqrt(Quad x);
Quad sin(Quad x);
Quad cos(Quad x);
Quad tanh(Quad x);
Quad atan(Quad x);
Quad lgamma(Quad x);
Quad digamma(Quad x);
Quad erf(Quad x);
Quad fabs(Quad x);

Single exp(Single x);
Single log(Single x);
Single log1p(Single x);
Single sqrt(Single x);
Single sin(Single x);
Single cos(Single x);
Single tanh(Single x);
Single atan(Single x);
Single lgamma(Single x);
Single erf(Single x);
Single fabs(Single x);

template <class T>
Dual<T> with_slope(Dual<T> a, T value, T slope) {
  return {value, Dual<T>::chain(a.d, slope)};
}

template <class T>
Dual<T> exp(Dual<T> a) {
  const T y = exp(a.v);
  return with_slope(a, y, y);
}
template <class T>
Dual<T> log(Dual<T> a) {
  return with_slope(a, log(a.v), T(1.0) / a.v);
}
template <class T>
Dual<T> log1p(Dual<T> a) {
  return with_slope(a, log1p(a.v), T(1.0) / (T(1.0) + a.v));
}
template <class T>
Dual<T> sqrt(Dual<T> a) {
  const T y = sqrt(a.v);
  return with_slope(a, y, T(0.5) / y);
}
template <class T>
Dual<T> sin(Dual<T> a) {
  return with_slope(a, sin(a.v), cos(a.v));
}
template <class T>
Dual<T> cos(Dual<T> a) {
  return with_slope<T>(a, cos(a.v), -sin(a.v));
}
/// 1 - tanh² without cancellation.
template <class T>
Dual<T> tanh(Dual<T> a) {
  const T e = exp(T(-2.0) * fabs(a.v)), s = T(1.0) + e;
  return with_slope<T>(a, tanh(a.v), T(4.0) * e / (s * s));
}
template <class T>
Dual<T> atan(Dual<T> a) {
  return with_slope<T>(a, atan(a.v), T(1.0) / (T(1.0) + a.v * a.v));
}
template <class T>
Dual<T> lgamma(Dual<T> a) {
  return with_slope(a, lgamma(a.v), digamma(a.v));
}
template <class T>
Dual<T> erf(Dual<T> a) {
  const T two_over_root_pi = T(2.0) / sqrt(T(4.0) * atan(T(1.0)));
  return with_slope<T>(a, erf(a.v), two_over_root_pi * exp(-a.v * a.v));
}
template <class T>
Dual<T> fabs(Dual<T> a) {
  return a < Dual<T>(0.0) ? -a : a;
}

template <class T>
T square(T x) {
  return x * x;
}
template <class T>
T sigmoid(T x) {
  return T(1.0) / (T(1.0) + exp(-x));
}
/// log(1 + exp(x)) that neither overflows nor loses digits.
template <class T>
T softplus(T x) {
  return x > T(0.0) ? x + log1p(exp(-x)) : log1p(exp(x));
}

}  // namespace families
