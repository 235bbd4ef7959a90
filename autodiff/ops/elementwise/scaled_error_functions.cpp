#include "autodiff/ops/elementwise/scaled_error_functions.hpp"

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/erfcx.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/scalar/digits.hpp"

namespace dtheta {
namespace {

struct Erfcx : Unary<Erfcx> {
  int n = 0;
  friend constexpr bool operator==(const Erfcx&, const Erfcx&) = default;

  static constexpr OpInfo info{.name = "erfcx"};
  static constexpr OpRule rule{"y = d^n/dx^n erfcx(x), n = 0, with erfcx(x) = e^(x^2) erfc(x)",
                               "dy = d^(n+1)/dx^(n+1) erfcx(x) dx"};
  static constexpr Domain domain{-2, 4};
  static Erfcx derivative(int n) {
    Erfcx op;
    op.n = n;
    return op;
  }
  static std::vector<Erfcx> variants() { return {derivative(0), derivative(1), derivative(2)}; }
  template <class T>
  T value(T x) const {
    return detail::erfcx(n, x);
  }
  Var slope(Var x, Var) const { return apply(derivative(n + 1), {x}); }
  static std::vector<Sample<Erfcx>> samples() {
    return detail::also_at<Erfcx>({0, 1e-30, -1e-8, 0.5, 1, 8, 20, 30, -5},
                                  Unary<Erfcx>::samples());
  }
};

/// exp(-x^2 / 2) to a few units in the last place, for x >= 0: x^2 as h^2 + (x - h)(x + h) with an h of few
/// digits, whose square is exact, as the rounding of x^2 would be magnified by x^2 / 2 (Cody 1969).
template <class T>
T gaussian(T x) {
  using std::exp, std::trunc;
  const T beyond = T(200);  // it is 0 in any scalar here
  if (!(x < beyond)) return x != x ? x : T(0);
  const T half = T(1) / T(2), h = trunc(T(16) * x) / T(16);
  return exp(-half * h * h) * exp(-half * (x - h) * (x + h));
}

/// The density over the distribution function. To the left the quotient is sqrt(2 / pi) / erfcx(-x / sqrt(2));
/// to the right the density is sqrt(2 / pi) / erfcx(x / sqrt(2)) times 1 - Phi(x), which the value knows.
struct LogNdtr : Unary<LogNdtr> {
  static constexpr OpInfo info{.name = "log_ndtr"};
  static constexpr OpRule rule{"y = log(Phi(x))", "dy = phi(x) / Phi(x) dx"};
  static constexpr Domain domain{-5, 3};
  template <class T>
  static T value(T x) {
    using std::erfc, std::log, std::log1p;
    const T half = T(1) / T(2), y = digits::sqrt_half.in<T>() * x;
    if (x < T(-1)) return log(half * detail::erfcx(0, -y)) - half * x * x;
    if (x > T(1)) return log1p(-half * detail::erfcx(0, y) * gaussian(x));
    return log1p(-half * erfc(y));
  }
  static Var slope(Var x, Var out) {
    Tape& tape = x.tape();
    const Var y = digits::sqrt_half.on(tape) * x;
    const Var left = digits::sqrt_two_over_pi.on(tape) / erfcx(-y);
    // Where there is nothing left of 1 - Phi(x), an erfcx that is not 0 yet.
    const Var right = digits::sqrt_two_over_pi.on(tape) / erfcx(minimum(y, 200)) * expm1(-out);
    return where(x < 0, left, right);
  }
  static std::vector<Sample<LogNdtr>> samples() {
    return detail::also_at<LogNdtr>({0, -1, 1e-30, -12, -40, 6, 9, 27.4176945, 36},
                                    Unary<LogNdtr>::samples());
  }
};

}  // namespace

Var erfcx(Arg x) { return apply(Erfcx{}, {x}); }
Var log_ndtr(Arg x) { return apply<LogNdtr>(x); }

std::span<const OpEntry> scaled_error_ops() { return OpList<Erfcx, LogNdtr>::entries; }

}  // namespace dtheta
