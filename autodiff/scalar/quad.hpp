#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace dtheta {

/// IEEE binary128: 113 bits of significand, about 34 digits. The scalar of the sharpest oracle.
///
/// A thin value around the compiler's own type, so that headers stay light: arithmetic is inline,
/// the functions of <cmath> are compiled once in quad.cpp. Where `long double` already has 113 bits
/// that is the native type.
class Quad {
 public:
#if __LDBL_MANT_DIG__ == 113
  using Native = long double;
#else
  __extension__ typedef __float128 Native;
#endif

  constexpr Quad() = default;
  template <class A>
  requires std::is_arithmetic_v<A>
  constexpr Quad(A value) : value_(value) {}
  [[nodiscard]] static constexpr Quad from_native(Native v) {
    Quad q;
    q.value_ = v;
    return q;
  }
  [[nodiscard]] constexpr Native native() const { return value_; }

  template <class A>
  requires std::is_arithmetic_v<A>
  explicit constexpr operator A() const { return static_cast<A>(value_); }

  constexpr Quad operator-() const { return from_native(-value_); }
  constexpr Quad operator+() const { return *this; }
  constexpr Quad& operator+=(Quad b) { return value_ += b.value_, *this; }
  constexpr Quad& operator-=(Quad b) { return value_ -= b.value_, *this; }
  constexpr Quad& operator*=(Quad b) { return value_ *= b.value_, *this; }
  constexpr Quad& operator/=(Quad b) { return value_ /= b.value_, *this; }
  friend constexpr Quad operator+(Quad a, Quad b) { return a += b; }
  friend constexpr Quad operator-(Quad a, Quad b) { return a -= b; }
  friend constexpr Quad operator*(Quad a, Quad b) { return a *= b; }
  friend constexpr Quad operator/(Quad a, Quad b) { return a /= b; }
  friend constexpr bool operator==(Quad a, Quad b) { return a.value_ == b.value_; }
  friend constexpr bool operator<(Quad a, Quad b) { return a.value_ < b.value_; }
  friend constexpr bool operator>(Quad a, Quad b) { return a.value_ > b.value_; }
  friend constexpr bool operator<=(Quad a, Quad b) { return a.value_ <= b.value_; }
  friend constexpr bool operator>=(Quad a, Quad b) { return a.value_ >= b.value_; }

 private:
  Native value_ = 0;
};

/// The functions of <cmath>, found by argument-dependent lookup.
Quad abs(Quad x);
Quad fabs(Quad x);
Quad sqrt(Quad x);
Quad cbrt(Quad x);
Quad exp(Quad x);
Quad exp2(Quad x);
Quad expm1(Quad x);
Quad log(Quad x);
Quad log2(Quad x);
Quad log10(Quad x);
Quad log1p(Quad x);
Quad pow(Quad x, Quad y);
Quad hypot(Quad x, Quad y);
Quad sin(Quad x);
Quad cos(Quad x);
Quad tan(Quad x);
Quad asin(Quad x);
Quad acos(Quad x);
Quad atan(Quad x);
Quad atan2(Quad y, Quad x);
Quad sinh(Quad x);
Quad cosh(Quad x);
Quad tanh(Quad x);
Quad asinh(Quad x);
Quad acosh(Quad x);
Quad atanh(Quad x);
Quad erf(Quad x);
Quad erfc(Quad x);
Quad lgamma(Quad x);
Quad floor(Quad x);
Quad ceil(Quad x);
Quad trunc(Quad x);
Quad rint(Quad x);
Quad nearbyint(Quad x);
Quad fmod(Quad x, Quad y);
Quad copysign(Quad x, Quad sign);
Quad ldexp(Quad x, int exponent);
bool isnan(Quad x);
bool isfinite(Quad x);
bool isinf(Quad x);
bool signbit(Quad x);

}  // namespace dtheta

template <>
class std::numeric_limits<dtheta::Quad> {
  static constexpr dtheta::Quad power_of_two(int exponent) {
    dtheta::Quad r = 1;
    for (; exponent < 0; ++exponent) r /= 2;
    for (; exponent > 0; --exponent) r *= 2;
    return r;
  }

 public:
  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = true;
  static constexpr bool is_integer = false;
  static constexpr bool is_exact = false;
  static constexpr bool has_infinity = true;
  static constexpr bool has_quiet_NaN = true;
  static constexpr bool is_iec559 = true;
  static constexpr int digits = 113;
  static constexpr int digits10 = 33;
  static constexpr int max_digits10 = 36;
  static constexpr int radix = 2;
  static constexpr int max_exponent = 16384;
  static constexpr int min_exponent = -16381;
  static constexpr dtheta::Quad epsilon() { return power_of_two(-112); }
  static constexpr dtheta::Quad min() { return power_of_two(-16382); }
  static constexpr dtheta::Quad max() {
    return (dtheta::Quad(1) - power_of_two(-113)) * power_of_two(16383) * 2;
  }
  static constexpr dtheta::Quad lowest() { return -max(); }
  static constexpr dtheta::Quad infinity() { return std::numeric_limits<double>::infinity(); }
  static constexpr dtheta::Quad quiet_NaN() { return std::numeric_limits<double>::quiet_NaN(); }
};
