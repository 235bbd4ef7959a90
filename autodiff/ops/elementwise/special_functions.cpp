#include "autodiff/ops/elementwise/special_functions.hpp"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/complex_special.hpp"
#include "autodiff/kernels/erfinv.hpp"
#include "autodiff/kernels/gamma.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/scalar/digits.hpp"

namespace dtheta {
namespace {

struct Erf : Unary<Erf> {
  static constexpr OpInfo info{.name = "erf", .analytic = true};
  static constexpr OpRule rule{"y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x",
                               "dy = 2/sqrt(pi) e^(-x^2) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::erf;
  template <class T>
  static T value(T x) {
    using std::erf, detail::erf;
    return erf(x);
  }
  static Var slope(Var x, Var) { return digits::two_over_sqrt_pi.on(x.tape()) * exp(-square(x)); }
  static std::vector<Sample<Erf>> samples() {
    return detail::also_at<Erf>({1e30, -1e30, 1e-30, -1e-30, 0, 6, -6}, Unary<Erf>::samples());
  }
};

struct Erfc : Unary<Erfc> {
  static constexpr OpInfo info{.name = "erfc", .analytic = true};
  static constexpr OpRule rule{"y = 1 - erf(x)", "dy = -2/sqrt(pi) e^(-x^2) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::erfc;
  template <class T>
  static T value(T x) {
    using std::erfc, detail::erfc;
    return erfc(x);
  }
  static Var slope(Var x, Var) { return -digits::two_over_sqrt_pi.on(x.tape()) * exp(-square(x)); }
  static std::vector<Sample<Erfc>> samples() {
    return detail::also_at<Erfc>({1e30, -1e30, 1e-30, 0, -6, 6, 8}, Unary<Erfc>::samples());
  }
};

struct ErfInv : Unary<ErfInv> {
  static constexpr OpInfo info{.name = "erfinv"};
  static constexpr OpRule rule{"erf(y) = x", "dy = sqrt(pi)/2 e^(y^2) dx", "-1 < x < 1"};
  static constexpr Domain domain{-0.9, 0.9};
  template <class T>
  static T value(T x) {
    return detail::erfinv(x);
  }
  static Var slope(Var x, Var y) { return digits::half_sqrt_pi.on(x.tape()) * exp(square(y)); }
  static std::vector<Sample<ErfInv>> samples() {
    return detail::also_at<ErfInv>({1e-30, -1e-30, 0, 0.5, -0.5, 0.875}, Unary<ErfInv>::samples());
  }
};

struct LGamma : Unary<LGamma> {
  static constexpr OpInfo info{.name = "lgamma", .analytic = true};
  static constexpr OpRule rule{"y = log(abs(Gamma(x)))", "dy = digamma(x) dx",
                               "x not 0, -1, -2, ..."};
  static constexpr Domain domain{0.4, 6};
  template <class T>
  static T value(T x) {
    return detail::log_gamma(x);
  }
  static Var slope(Var x, Var) { return digamma(x); }
  static std::vector<Sample<LGamma>> samples() {
    return detail::also_at<LGamma>({-0.5, -1.375, -2.625, -7.5, 1e30, 300, 1, 2},
                                   Unary<LGamma>::samples());
  }
};

struct Digamma : Unary<Digamma> {
  static constexpr OpInfo info{.name = "digamma", .analytic = true};
  static constexpr OpRule rule{"y = d/dx log(Gamma(x))", "dy = polygamma(1, x) dx",
                               "x not 0, -1, -2, ..."};
  static constexpr Domain domain{0.4, 6};
  template <class T>
  static T value(T x) {
    return detail::digamma(x);
  }
  static Var slope(Var x, Var y) { return detail::keep_nan(polygamma(1, x), y); }
  static std::vector<Sample<Digamma>> samples() {
    return detail::also_at<Digamma>({-0.5, -1.375, -2.625, -7.5, 1e30, 300, 1, 40},
                                    Unary<Digamma>::samples());
  }
};

struct Polygamma : Unary<Polygamma> {
  int n = 1;
  friend constexpr bool operator==(const Polygamma&, const Polygamma&) = default;

  static constexpr OpInfo info{.name = "polygamma", .analytic = true};
  static constexpr OpRule rule{"y = d^(n+1)/dx^(n+1) log(Gamma(x))", "dy = polygamma(n + 1, x) dx",
                               "x not 0, -1, -2, ..."};
  static constexpr Domain domain{0.5, 6};
  static Polygamma of(int n) {
    Polygamma op;
    op.n = n;
    return op;
  }
  static std::vector<Polygamma> variants() { return {of(1), of(2), of(5)}; }
  template <class T>
  T value(T x) const {
    return detail::polygamma(n, x);
  }
  Var slope(Var x, Var) const { return polygamma(n + 1, x); }
  static std::vector<Sample<Polygamma>> samples() {
    const auto list =
        detail::also_at<Polygamma>({1e30, 40, 1, -0.5, -2.625, -7.5}, Unary<Polygamma>::samples());
    return detail::also_at<Polygamma>({-0.5, -2.625}, list, Smoothness::smooth, of(2));
  }
};

/// sin(pi x) and cos(pi x), exact at multiples of 1/2.
using detail::cos_pi, detail::sin_pi;
template <RealScalar T>
T sin_pi(T x) {
  using std::abs, std::sin, std::nearbyint;
  T r = x - T(2) * nearbyint(x / T(2));  // in [-1, 1]
  if (abs(r) > T(1) / T(2)) r = (r > T(0) ? T(1) : T(-1)) - r;
  return sin(digits::pi.in<T>() * r);
}
template <RealScalar T>
T cos_pi(T x) {
  using std::abs, std::nearbyint;
  return sin_pi(T(1) / T(2) - abs(x - T(2) * nearbyint(x / T(2))));
}

struct Sinc : Unary<Sinc> {
  int n = 0;
  friend constexpr bool operator==(const Sinc&, const Sinc&) = default;

  static constexpr OpInfo info{.name = "sinc", .analytic = true};
  static constexpr OpRule rule{"y = d^n/dx^n sinc(x), n = 0, with sinc(x) = sin(pi x) / (pi x)",
                               "dy = d^(n+1)/dx^(n+1) sinc(x) dx"};
  static constexpr Domain domain{-3, 3};
  static Sinc derivative(int n) {
    Sinc op;
    op.n = n;
    return op;
  }
  static std::vector<Sinc> variants() { return {derivative(0), derivative(1), derivative(2)}; }

  template <class T>
  T value(T x) const {
    using std::abs;
    const T pi = digits::pi.in<T>(), u = pi * x;
    const auto size = abs(u);
    using Size = std::remove_const_t<decltype(size)>;
    T y = size < Size(1) + Size(n) / Size(2) ? by_series(u) : by_recurrence(x, u);
    for (int k = 0; k < n; ++k) y *= pi;
    return y;
  }
  Var slope(Var x, Var) const { return apply(derivative(n + 1), {x}); }
  static std::vector<Sample<Sinc>> samples() {
    return detail::also_at<Sinc>({0, 1e-30, -1e-8, 0.25, 1, -2, 2.5, 20}, Unary<Sinc>::samples());
  }

 private:
  /// The sum over k of (-1)^k u^(2k-n) (2k)! / ((2k-n)! (2k+1)!).
  template <class T>
  T by_series(T u) const {
    int k = (n + 1) / 2;
    T term = (k % 2 == 0 ? T(1) : T(-1)) * (n % 2 == 0 ? T(1) / T(n + 1) : u / T(n + 2));
    T sum = term;
    for (;; ++k) {
      term *= -u * u * T(2 * k + 1) / T((2 * k + 2 - n) * (2 * k + 1 - n) * (2 * k + 3));
      const T next = sum + term;
      if (next == sum) return sum;
      sum = next;
    }
  }
  /// From u f = sin(u), differentiated k times: u f^(k) + k f^(k-1) = sin(u + k pi/2).
  template <class T>
  T by_recurrence(T x, T u) const {
    if (u - u != T(0)) return u != u ? u : T(0);
    const T s = sin_pi(x), c = cos_pi(x);
    T f = s / u;
    for (int k = 1; k <= n; ++k) {
      const T shifted = k % 2 == 0 ? s : c;
      f = ((k % 4 < 2 ? shifted : -shifted) - T(k) * f) / u;
    }
    return f;
  }
};

struct Logit : Unary<Logit> {
  static constexpr OpInfo info{.name = "logit"};
  static constexpr OpRule rule{"y = log(x / (1 - x))", "dy = dx / (x (1 - x))", "0 < x < 1"};
  static constexpr Domain domain{0.1, 0.9};
  template <class T>
  static T value(T x) {
    using std::atanh, std::log, std::log1p;
    const T quarter = T(1) / T(4);
    if (x < quarter) return log(x) - log1p(-x);
    // From here on 2x - 1 and 1 - x are exact.
    if (x <= T(3) * quarter) return T(2) * atanh(T(2) * x - T(1));
    return log(x) - log(T(1) - x);
  }
  static Var slope(Var x, Var y) { return detail::keep_nan(1 / (x * (1 - x)), y); }
  static std::vector<Sample<Logit>> samples() {
    return detail::also_at<Logit>({0.0625, 0.25, 0.5, 0.75, 0.875}, Unary<Logit>::samples());
  }
};

}  // namespace

Var erf(Arg x) { return apply<Erf>(x); }
Var erfc(Arg x) { return apply<Erfc>(x); }
Var erfinv(Arg x) { return apply<ErfInv>(x); }
Var lgamma(Arg x) { return apply<LGamma>(x); }
Var digamma(Arg x) { return apply<Digamma>(x); }

Var polygamma(int n, Arg x) {
  if (n < 0 || n > detail::most_cot_derivatives) {
    throw ValueError(fmt::format("polygamma: order {} is not between 0 and {}", n,
                                 detail::most_cot_derivatives));
  }
  return n == 0 ? digamma(x) : apply(Polygamma::of(n), {x});
}

Var sinc(Arg x) { return apply<Sinc>(x); }
Var logit(Arg x) { return apply<Logit>(x); }

Var logit(Arg x, double eps) {
  if (!(eps >= 0 && eps <= 0.5)) {
    throw ValueError(fmt::format("logit: eps {} is not between 0 and 1/2", eps));
  }
  return apply<Logit>(clamp(x, eps, 1 - eps));
}

std::span<const OpEntry> special_function_ops() {
  return OpList<Erf, Erfc, ErfInv, LGamma, Digamma, Polygamma, Sinc, Logit>::entries;
}

}  // namespace dtheta
