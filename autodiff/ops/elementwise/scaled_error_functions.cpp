#include "autodiff/ops/elementwise/scaled_error_functions.hpp"

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/erfcx.hpp"
#include "autodiff/op_list.hpp"
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

/// The density over the distribution function: the quotient is sqrt(2 / pi) / erfcx(-x / sqrt(2)).
struct LogNdtr : Unary<LogNdtr> {
  static constexpr OpInfo info{.name = "log_ndtr"};
  static constexpr OpRule rule{"y = log(Phi(x))", "dy = phi(x) / Phi(x) dx"};
  static constexpr Domain domain{-5, 3};
  template <class T>
  static T value(T x) {
    using std::erfc, std::log, std::log1p;
    const T half = T(1) / T(2), y = digits::sqrt_half.in<T>() * x;
    if (x < T(-1)) return log(half * detail::erfcx(0, -y)) - half * x * x;
    return log1p(-half * erfc(y));
  }
  static Var slope(Var x, Var) {
    Tape& tape = x.tape();
    const Var y = digits::sqrt_half.on(tape) * x;
    const Var left = digits::sqrt_two_over_pi.on(tape) / erfcx(-y);
    const Var density = digits::sqrt_two_over_pi.on(tape) * exp(-0.5 * square(x));
    return where(x < 0, left, density / erfc(-y));
  }
  static std::vector<Sample<LogNdtr>> samples() {
    return detail::also_at<LogNdtr>({0, -1, 1e-30, -12, -40, 6, 9}, Unary<LogNdtr>::samples());
  }
};

}  // namespace

Var erfcx(Arg x) { return apply(Erfcx{}, {x}); }
Var log_ndtr(Arg x) { return apply<LogNdtr>(x); }

std::span<const OpEntry> scaled_error_ops() { return OpList<Erfcx, LogNdtr>::entries; }

}  // namespace dtheta
