#pragma once

// Before any header of Highway, so that it lists the instruction sets that were compiled.
#include "autodiff/kernels/simd/targets.hpp"

#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/scalar/quad.hpp"

/// What the SIMD functions are measured against: quad precision, by formulas that share nothing
/// with the kernels. Used by the accuracy test and by the program that writes
/// docs/simd-accuracy.md.
namespace simd_reference {

using dtheta::Quad;

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
    if constexpr (sizeof(T) == 4)
      return f32;
    else
      return f64;
  }
  template <class T>
  [[nodiscard]] auto libm() const {
    if constexpr (sizeof(T) == 4)
      return libm32;
    else
      return libm64;
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
  if (x < -1e30) return T(-0.0);  // the limit, which infinity times zero is not
  using std::erfc;
  using std::sqrt;
  return x / 2 * erfc(-x / sqrt(T(2)));
}

/// With tanh(u) = 2 sigmoid(2 u) - 1, which does not cancel for negative x.
template <class T>
T gelu_tanh(T x) {
  if (x < -1e30) return T(-0.0);
  using std::acos;
  using std::sqrt;
  const T pi = acos(T(-1));
  const T inner = x + T(44715) / 1000000 * x * x * x;
  return x * sigmoid(T(2 * sqrt(2 / pi) * inner));
}

/// Every function of one argument, with its definition in any scalar.
inline std::vector<Unary> functions() {
  namespace s = dtheta::simd;
  // Unqualified calls below mean libm for float and double, Boost.Multiprecision for Quad.
  using namespace std;
  return {
      entry(
          "sqrt", s::sqrt, s::sqrt, [](auto x) { return decltype(x)(sqrt(x)); }, 0, 100, 0.5),
      entry(
          "rsqrt", s::rsqrt, s::rsqrt, [](auto x) { return decltype(x)(1 / sqrt(x)); }, 0, 100,
          1.5),
      entry(
          "reciprocal", s::reciprocal, s::reciprocal, [](auto x) { return decltype(x)(1 / x); }, -9,
          9, 0.5),
      entry(
          "exp", s::exp, s::exp, [](auto x) { return decltype(x)(exp(x)); }, -90, 90),
      entry(
          "exp2", s::exp2, s::exp2, [](auto x) { return decltype(x)(exp2(x)); }, -130, 130),
      entry(
          "expm1", s::expm1, s::expm1, [](auto x) { return decltype(x)(expm1(x)); }, -4, 4),
      entry(
          "log", s::log, s::log, [](auto x) { return decltype(x)(log(x)); }, 0, 4),
      entry(
          "log1p", s::log1p, s::log1p, [](auto x) { return decltype(x)(log1p(x)); }, -1, 3),
      entry(
          "log2", s::log2, s::log2, [](auto x) { return decltype(x)(log2(x)); }, 0, 4),
      entry(
          "log10", s::log10, s::log10, [](auto x) { return decltype(x)(log10(x)); }, 0, 4),
      entry(
          "sigmoid", s::sigmoid, s::sigmoid, [](auto x) { return sigmoid(x); }, -100, 100),
      entry(
          "log_sigmoid", s::log_sigmoid, s::log_sigmoid,
          [](auto x) { return decltype(x)(-softplus(decltype(x)(-x))); }, -50, 100),
      entry(
          "softplus", s::softplus, s::softplus, [](auto x) { return softplus(x); }, -100, 50),
      entry(
          "silu", s::silu, s::silu,
          [](auto x) { return x < -1e30 ? decltype(x)(-0.0) : decltype(x)(x * sigmoid(x)); }, -110,
          20),
      entry(
          "gelu", s::gelu, s::gelu, [](auto x) { return gelu(x); }, -40, 10),
      entry(
          "gelu_tanh", s::gelu_tanh, s::gelu_tanh, [](auto x) { return gelu_tanh(x); }, -22, 10),
      entry(
          "tanh", s::tanh, s::tanh, [](auto x) { return decltype(x)(tanh(x)); }, -4, 4),
      entry(
          "sinh", s::sinh, s::sinh, [](auto x) { return decltype(x)(sinh(x)); }, -4, 4),
      entry(
          "cosh", s::cosh, s::cosh, [](auto x) { return decltype(x)(cosh(x)); }, -4, 4),
      entry(
          "asinh", s::asinh, s::asinh, [](auto x) { return decltype(x)(asinh(x)); }, -4, 4),
      entry(
          "acosh", s::acosh, s::acosh, [](auto x) { return decltype(x)(acosh(x)); }, 1, 4),
      entry(
          "atanh", s::atanh, s::atanh, [](auto x) { return decltype(x)(atanh(x)); }, -1, 1),
      entry(
          "sin", s::sin, s::sin, [](auto x) { return decltype(x)(sin(x)); }, -9, 9),
      entry(
          "cos", s::cos, s::cos, [](auto x) { return decltype(x)(cos(x)); }, -9, 9),
      entry(
          "asin", s::asin, s::asin, [](auto x) { return decltype(x)(asin(x)); }, -1, 1),
      entry(
          "acos", s::acos, s::acos, [](auto x) { return decltype(x)(acos(x)); }, -1, 1),
      entry(
          "atan", s::atan, s::atan, [](auto x) { return decltype(x)(atan(x)); }, -9, 9),
      entry(
          "erf", s::erf, s::erf, [](auto x) { return decltype(x)(erf(x)); }, -5, 5),
      entry(
          "erfc", s::erfc, s::erfc, [](auto x) { return decltype(x)(erfc(x)); }, -6, 28),
  };
}

/// 2^e <= |x| < 2^(e + 1) for finite x in the range of T, or the smallest normal exponent.
template <class T>
[[nodiscard]] int binade(Quad x) {
  constexpr int least = std::numeric_limits<T>::min_exponent - 1;
  if (abs(x) < ldexp(Quad(1), least)) return least;
  const int e = std::ilogb(static_cast<double>(x / 4)) + 2;  // not beyond the range of double
  return abs(x) < ldexp(Quad(1), e) ? e - 1 : e;             // if that was rounded up
}

/// |got - exact| in units of the spacing of T at the exact value. Infinity counts as the power of
/// two behind the largest number, and is right where the exact value rounds to it. A NaN or a sign
/// of zero that is not the exact function's is an infinite error.
template <class T>
[[nodiscard]] double ulp_error(T got, Quad exact) {
  using Limits = std::numeric_limits<T>;
  if (isnan(exact) || std::isnan(got)) {
    return isnan(exact) && std::isnan(got) ? 0 : Limits::infinity();
  }
  const Quad end = ldexp(Quad(1), Limits::max_exponent);
  const auto capped = [&](Quad v) { return v > end ? end : v < -end ? -end : v; };
  if (got == 0 && std::signbit(got) != signbit(exact)) return Limits::infinity();
  const Quad want = capped(exact);
  const Quad error = abs(capped(Quad(got)) - want);
  return static_cast<double>(ldexp(error, Limits::digits - 1 - binade<T>(want)));
}

/// Points that walk the domain: special values and their neighbours, every binade of both signs
/// down to the smallest subnormal, values close to 1, multiples of pi/2 and log(2), and a uniform
/// sample of [lo, hi].
template <class T>
[[nodiscard]] std::vector<T> points(double lo, double hi, std::size_t per_kind) {
  using Limits = std::numeric_limits<T>;
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::vector<T> result;
  const auto both_signs = [&](T v) {
    result.push_back(v);
    result.push_back(-v);
  };
  for (T v : {T(0), Limits::denorm_min(), Limits::min(), Limits::epsilon(), T(0.5), T(1), T(2),
              Limits::max(), Limits::infinity(), Limits::quiet_NaN()}) {
    both_signs(v);
    both_signs(std::nextafter(v, T(0)));
    both_signs(std::nextafter(v, Limits::infinity()));
  }
  std::mt19937_64 random(20240229);
  std::uniform_real_distribution<double> uniform(lo, hi);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (int e = Limits::min_exponent - Limits::digits; e < Limits::max_exponent; ++e) {
    both_signs(std::ldexp(static_cast<T>(1 + std::abs(unit(random))), e));
  }
  for (int i = 1; i <= 300; ++i) {
    both_signs(static_cast<T>(i));
    both_signs(static_cast<T>(i * 1.5707963267948966));
    both_signs(static_cast<T>(i * 0.6931471805599453));
  }
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

/// The largest error of a function over the points, where `exact` holds the true values.
template <class T>
struct Worst {
  double ulp = 0;
  T x = 0;
  T got = 0;
};

template <class T>
[[nodiscard]] Worst<T> worst_error(UnaryFunction<T> f, const std::vector<T>& x,
                                   const std::vector<Quad>& exact) {
  std::vector<T> y(x.size());
  f(x.data(), y.data(), x.size());
  Worst<T> worst;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulp_error(y[i], exact[i]);
    if (error > worst.ulp) worst = {error, x[i], y[i]};
  }
  return worst;
}

template <class T>
[[nodiscard]] std::vector<Quad> exact_values(const Unary& f, const std::vector<T>& x) {
  std::vector<Quad> exact;
  exact.reserve(x.size());
  for (T v : x) exact.push_back(f.exact(Quad(v)));
  return exact;
}

/// Makes the kernels run on one instruction set while it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) { choose(target); }
  ~ForcedTarget() { choose(0); }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

/// Every instruction set that was compiled and that this machine has, the best first.
[[nodiscard]] inline std::vector<std::int64_t> targets() {
  auto result = hwy::SupportedAndGeneratedTargets();
  if (result.empty() || result.back() != HWY_STATIC_TARGET) result.push_back(HWY_STATIC_TARGET);
  return result;
}

}  // namespace simd_reference
