#pragma once

#include <array>
#include <bit>
#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/float128.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "autodiff/kernels/simd/elementwise.hpp"

/// What the SIMD functions are measured against: quad precision, by formulas that share nothing with
/// the kernels. Used by the accuracy test and by the program that writes docs/simd-accuracy.md.
namespace simd_reference {

using Quad = boost::multiprecision::float128;

template <class T>
using UnaryFunction = void (*)(const T*, T*, std::size_t);

struct Unary {
  std::string_view name;
  UnaryFunction<float> f32;
  UnaryFunction<double> f64;
  float (*libm32)(float);
  double (*libm64)(double);
  Quad (*exact)(Quad);
  double lo, hi;  ///< where most of the uniformly drawn points go
  double bound;   ///< ulp

  template <class T>
  [[nodiscard]] UnaryFunction<T> get() const {
    if constexpr (sizeof(T) == 4) return f32;
    else return f64;
  }
  template <class T>
  [[nodiscard]] auto libm() const {
    if constexpr (sizeof(T) == 4) return libm32;
    else return libm64;
  }
};

template <class Formula>
Unary entry(std::string_view name, UnaryFunction<float> f32, UnaryFunction<double> f64,
            Formula formula, double lo, double hi, double bound = 3) {
  return {name, f32, f64, formula, formula, formula, lo, hi, bound};
}

template <class T>
T sigmoid(T x) {
  using std::exp;
  return 1 / (1 + exp(-x));
}

template <class T>
T softplus(T x) {
  using std::exp;
  using std::log1p;
  return x > 0 ? T(x + log1p(exp(-x))) : T(log1p(exp(x)));
}

template <class T>
T gelu(T x) {
  using std::erfc;
  using std::sqrt;
  return x / 2 * erfc(-x / sqrt(T(2)));
}

/// With tanh(u) = 2 sigmoid(2 u) - 1, which does not cancel for negative x.
template <class T>
T gelu_tanh(T x) {
  using std::sqrt;
  const T pi = boost::math::constants::pi<T>();
  const T inner = x + T(44715) / 1000000 * x * x * x;
  return x * sigmoid(T(2 * sqrt(2 / pi) * inner));
}

/// Every function of one argument, with its definition in any scalar.
inline std::vector<Unary> functions() {
  namespace s = dtheta::simd;
  // Unqualified calls below mean libm for float and double, Boost.Multiprecision for Quad.
  using namespace std;
  return {
      entry("sqrt", s::sqrt, s::sqrt, [](auto x) { return decltype(x)(sqrt(x)); }, 0, 100, 0.5),
      entry("rsqrt", s::rsqrt, s::rsqrt, [](auto x) { return decltype(x)(1 / sqrt(x)); }, 0, 100,
            1.5),
      entry("reciprocal", s::reciprocal, s::reciprocal, [](auto x) { return decltype(x)(1 / x); },
            -9, 9, 0.5),
      entry("exp", s::exp, s::exp, [](auto x) { return decltype(x)(exp(x)); }, -90, 90),
      entry("exp2", s::exp2, s::exp2, [](auto x) { return decltype(x)(exp2(x)); }, -130, 130),
      entry("expm1", s::expm1, s::expm1, [](auto x) { return decltype(x)(expm1(x)); }, -4, 4),
      entry("log", s::log, s::log, [](auto x) { return decltype(x)(log(x)); }, 0, 4),
      entry("log1p", s::log1p, s::log1p, [](auto x) { return decltype(x)(log1p(x)); }, -1, 3),
      entry("log2", s::log2, s::log2, [](auto x) { return decltype(x)(log2(x)); }, 0, 4),
      entry("log10", s::log10, s::log10, [](auto x) { return decltype(x)(log10(x)); }, 0, 4),
      entry("sigmoid", s::sigmoid, s::sigmoid, [](auto x) { return sigmoid(x); }, -100, 100),
      entry("log_sigmoid", s::log_sigmoid, s::log_sigmoid,
            [](auto x) { return decltype(x)(-softplus(decltype(x)(-x))); }, -50, 100),
      entry("softplus", s::softplus, s::softplus, [](auto x) { return softplus(x); }, -100, 50),
      entry("silu", s::silu, s::silu, [](auto x) { return decltype(x)(x * sigmoid(x)); }, -110, 20),
      entry("gelu", s::gelu, s::gelu, [](auto x) { return gelu(x); }, -40, 10),
      entry("gelu_tanh", s::gelu_tanh, s::gelu_tanh, [](auto x) { return gelu_tanh(x); }, -22, 10),
      entry("tanh", s::tanh, s::tanh, [](auto x) { return decltype(x)(tanh(x)); }, -4, 4),
      entry("sinh", s::sinh, s::sinh, [](auto x) { return decltype(x)(sinh(x)); }, -4, 4),
      entry("cosh", s::cosh, s::cosh, [](auto x) { return decltype(x)(cosh(x)); }, -4, 4),
      entry("asinh", s::asinh, s::asinh, [](auto x) { return decltype(x)(asinh(x)); }, -4, 4),
      entry("acosh", s::acosh, s::acosh, [](auto x) { return decltype(x)(acosh(x)); }, 1, 4),
      entry("atanh", s::atanh, s::atanh, [](auto x) { return decltype(x)(atanh(x)); }, -1, 1),
      entry("sin", s::sin, s::sin, [](auto x) { return decltype(x)(sin(x)); }, -9, 9),
      entry("cos", s::cos, s::cos, [](auto x) { return decltype(x)(cos(x)); }, -9, 9),
      entry("asin", s::asin, s::asin, [](auto x) { return decltype(x)(asin(x)); }, -1, 1),
      entry("acos", s::acos, s::acos, [](auto x) { return decltype(x)(acos(x)); }, -1, 1),
      entry("atan", s::atan, s::atan, [](auto x) { return decltype(x)(atan(x)); }, -9, 9),
      entry("erf", s::erf, s::erf, [](auto x) { return decltype(x)(erf(x)); }, -5, 5),
      entry("erfc", s::erfc, s::erfc, [](auto x) { return decltype(x)(erfc(x)); }, -6, 28),
  };
}

/// |got - exact| in units of the spacing of T at the exact value. Infinity counts as the power of two
/// behind the largest number, and is right where the exact value rounds to it.
template <class T>
[[nodiscard]] double ulp_error(T got, Quad exact) {
  using Limits = std::numeric_limits<T>;
  if (isnan(exact) || std::isnan(got)) {
    return isnan(exact) && std::isnan(got) ? 0 : Limits::infinity();
  }
  const Quad end = ldexp(Quad(1), Limits::max_exponent);
  const auto capped = [&](Quad v) { return v > end ? end : v < -end ? Quad(-end) : v; };
  const Quad want = capped(exact);
  if (got == 0 && want == 0) {
    return std::signbit(got) == (signbit(exact) != 0) || exact != 0 ? 0 : Limits::infinity();
  }
  int exponent = 0;
  (void)frexp(want, &exponent);
  if (want == 0) exponent = Limits::min_exponent;
  const int last = std::max(exponent, Limits::min_exponent) - Limits::digits;
  const Quad error = abs(capped(Quad(got)) - want);
  return static_cast<double>(ldexp(error, -last));
}

/// Points that walk the domain: special values and their neighbours, every binade of both signs,
/// values close to 1, and a uniform sample of [lo, hi].
template <class T>
[[nodiscard]] std::vector<T> points(double lo, double hi, std::size_t per_kind) {
  using Limits = std::numeric_limits<T>;
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::vector<T> result;
  for (T v : {T(0), Limits::denorm_min(), Limits::min(), Limits::epsilon(), T(0.5), T(1), T(2),
              Limits::max(), Limits::infinity(), Limits::quiet_NaN()}) {
    for (T w : {v, std::nextafter(v, T(0)), std::nextafter(v, Limits::infinity())}) {
      result.push_back(w);
      result.push_back(-w);
    }
  }
  for (int i = 1; i <= 800; ++i) {
    for (T v : {T(i), T(i) / 16, T(i) * T(1.5707963267948966), T(i) * T(0.6931471805599453)}) {
      result.push_back(v);
      result.push_back(-v);
    }
  }
  std::mt19937_64 random(20240229);
  std::uniform_real_distribution<double> uniform(lo, hi);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (std::size_t i = 0; i < per_kind; ++i) {
    const T any = std::bit_cast<T>(static_cast<Bits>(random()));
    if (std::isfinite(any)) result.push_back(any);
    result.push_back(static_cast<T>(uniform(random)));
    const double small = unit(random) * std::exp2(-static_cast<double>(random() % Limits::digits));
    result.push_back(static_cast<T>(small * 8));
    result.push_back(static_cast<T>(1 + small));
  }
  return result;
}

}  // namespace simd_reference
