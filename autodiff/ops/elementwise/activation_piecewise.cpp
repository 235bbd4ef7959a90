#include "autodiff/ops/elementwise/activation_piecewise.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

struct HardTanh : Unary<HardTanh> {
  RealAttribute low = -1;
  RealAttribute high = 1;
  friend constexpr bool operator==(const HardTanh&, const HardTanh&) = default;

  static constexpr OpInfo info{.name = "hardtanh"};
  static constexpr OpRule rule{"y = min(max(x, low), high)",
                               "dy = dx where low < x < high, else 0"};
  static constexpr Domain domain{-2, 2};
  static constexpr std::array corners{-1.0, 0.0, 1.0, 6.0};
  static HardTanh between(double low, double high) {
    HardTanh op;
    op.low = low;
    op.high = high;
    return op;
  }
  static std::vector<HardTanh> variants() { return {between(-1, 1), between(0, 6)}; }
  template <class T>
  T value(T x) const {
    return x < low.in<T>() ? low.in<T>() : x > high.in<T>() ? high.in<T>() : x;
  }
  Var select(Var c, Var x, Var) const { return detail::gate(c, x, {low, high}); }
  static std::vector<Sample<HardTanh>> samples() {
    return detail::also_at<HardTanh>({1e30, -1e30, 7, -7}, Unary<HardTanh>::samples());
  }
};

struct Relu6 : Unary<Relu6> {
  static constexpr OpInfo info{.name = "relu6"};
  static constexpr OpRule rule{"y = min(max(x, 0), 6)", "dy = dx where 0 < x < 6, else 0"};
  static constexpr Domain domain{-3, 9};
  static constexpr std::array corners{0.0, 6.0};
  template <class T>
  static T value(T x) {
    return x < T(0) ? T(0) : x > T(6) ? T(6) : x;
  }
  static Var select(Var c, Var x, Var) { return detail::gate(c, x, {0, 6}); }
  static std::vector<Sample<Relu6>> samples() {
    return detail::also_at<Relu6>({1e30, -1e30, 7, -7, 5}, Unary<Relu6>::samples());
  }
};

struct HardSigmoid : Unary<HardSigmoid> {
  static constexpr OpInfo info{.name = "hardsigmoid"};
  static constexpr OpRule rule{"y = min(max(x/6 + 1/2, 0), 1)",
                               "dy = dx / 6 where -3 < x < 3, else 0"};
  static constexpr Domain domain{-5, 5};
  static constexpr std::array corners{-3.0, 3.0};
  template <class T>
  static T value(T x) {
    return x <= T(-3) ? T(0) : x >= T(3) ? T(1) : (x + T(3)) / T(6);
  }
  static Var select(Var c, Var x, Var) { return detail::gate(c / 6, x, {-3, 3}); }
  static std::vector<Sample<HardSigmoid>> samples() {
    return detail::also_at<HardSigmoid>({1e30, -1e30, 1e-30, 4, -4, 0},
                                        Unary<HardSigmoid>::samples());
  }
};

struct HardSwish : Unary<HardSwish> {
  static constexpr OpInfo info{.name = "hardswish"};
  static constexpr OpRule rule{"y = x min(max(x/6 + 1/2, 0), 1)",
                               "dy = (x/3 + 1/2) dx where -3 < x < 3, dx above, 0 below"};
  static constexpr Domain domain{-5, 5};
  static constexpr std::array corners{-3.0, 3.0};
  template <class T>
  static T value(T x) {
    return x <= T(-3) ? T(0) : x >= T(3) ? x : x * ((x + T(3)) / T(6));
  }
  static Var select(Var c, Var x, Var) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Var inside = (x >= -3) * (x <= 3), slope = where(inside, x, 0) / 3 + 0.5;
    return detail::gate(c * slope, x, {-3, 3, true}) +
           detail::gate(c, x, {-infinity, 3, true, true});
  }
  static std::vector<Sample<HardSwish>> samples() {
    return detail::also_at<HardSwish>({1e30, -1e30, 1e-30, 4, -4, 0}, Unary<HardSwish>::samples());
  }
};

/// What softshrink and hardshrink share: dx where |x| > lambda.
template <class Self>
struct Shrink : Unary<Self> {
  RealAttribute lambda = 0.5;
  friend constexpr bool operator==(const Shrink&, const Shrink&) = default;

  static constexpr Domain domain{-2, 2};
  static Self by(double lambda) {
    Self op;
    op.lambda = lambda;
    return op;
  }
  static std::vector<Self> variants() { return {by(0.5), by(1.25), by(0)}; }
  Var select(Var c, Var x, Var) const {
    return lambda == 0 ? c : detail::gate(c, x, {-lambda, lambda, true, true});
  }
  static std::vector<Sample<Self>> samples() {
    return detail::also_at<Self>({1e30, -1e30, 0.25, -0.25, 7, -7}, Unary<Self>::samples());
  }
};

struct SoftShrink : Shrink<SoftShrink> {
  static constexpr OpInfo info{.name = "softshrink"};
  static constexpr OpRule rule{"y = x - t sign(x) where abs(x) > t, else 0",
                               "dy = dx where abs(x) > t, else 0"};
  static constexpr std::array corners{0.5, -0.5, 1.25};
  template <class T>
  T value(T x) const {
    if (x > lambda.in<T>()) return x - lambda.in<T>();
    if (x < T(-lambda)) return x + lambda.in<T>();
    return x != x ? x : T(0);
  }
};

struct HardShrink : Shrink<HardShrink> {
  static constexpr OpInfo info{.name = "hardshrink"};
  static constexpr OpRule rule{"y = x where abs(x) > t, else 0",
                               "dy = dx where abs(x) > t, else 0"};
  template <class T>
  T value(T x) const {
    return x >= T(-lambda) && x <= lambda.in<T>() ? T(0) : x;
  }
};

struct TanhShrink : Unary<TanhShrink> {
  static constexpr OpInfo info{.name = "tanhshrink"};
  static constexpr OpRule rule{"y = x - tanh(x)", "dy = tanh(x)^2 dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T x) {
    using std::abs, std::cosh, std::tanh;
    if (!(abs(x) < T(1))) return x - tanh(x);
    // (x cosh(x) - sinh(x)) / cosh(x); the numerator is the sum over k of 2k x^(2k+1) / (2k+1)!
    T power = x * x * x / T(6), sum = T(2) * power;
    for (int k = 2;; ++k) {
      power *= x * x / T(2 * k * (2 * k + 1));
      const T next = sum + T(2 * k) * power;
      if (next == sum) return sum / cosh(x);
      sum = next;
    }
  }
  static constexpr bool finite_slope = true;
  static Var slope(Var x, Var) { return square(tanh(x)); }
  static std::vector<Sample<TanhShrink>> samples() {
    return detail::also_at<TanhShrink>({1e30, -1e30, 1e-8, 0, 1, -1, 1e-3, 60},
                                       Unary<TanhShrink>::samples());
  }
};

struct Threshold : Unary<Threshold> {
  RealAttribute limit = 0;
  RealAttribute replacement = 0;
  friend constexpr bool operator==(const Threshold&, const Threshold&) = default;

  static constexpr OpInfo info{.name = "threshold"};
  static constexpr OpRule rule{"y = x where x > t, else v", "dy = dx where x > t, else 0"};
  static constexpr Domain domain{-2, 2};
  static Threshold at(double limit, double replacement) {
    Threshold op;
    op.limit = limit;
    op.replacement = replacement;
    return op;
  }
  static std::vector<Threshold> variants() { return {at(0.25, -1), at(-0.5, 20)}; }
  template <class T>
  T value(T x) const {
    return x <= limit.in<T>() ? replacement.in<T>() : x;
  }
  Var select(Var c, Var x, Var) const {
    const double infinity = std::numeric_limits<double>::infinity();
    return detail::gate(c, x, {-infinity, limit, true, true});
  }
  static std::vector<Sample<Threshold>> samples() {
    return detail::also_at<Threshold>(
        {0.5}, detail::also_at<Threshold>({1e30, -1e30, 7, -7}, Unary<Threshold>::samples()),
        Smoothness::corner, at(0.5, 0.5));
  }
};

void require_not_negative(std::string_view op, double lambda) {
  if (!(lambda >= 0)) throw ValueError(fmt::format("{}: lambda {} must be >= 0", op, lambda));
}

}  // namespace

Var hardtanh(Arg x, double low, double high) {
  if (!(low < high)) {
    throw ValueError(fmt::format("hardtanh: low {} must be less than high {}", low, high));
  }
  return apply(HardTanh::between(low, high), {x});
}

Var relu6(Arg x) { return apply<Relu6>(x); }
Var hardsigmoid(Arg x) { return apply<HardSigmoid>(x); }
Var hardswish(Arg x) { return apply<HardSwish>(x); }

Var softshrink(Arg x, double lambda) {
  require_not_negative("softshrink", lambda);
  return apply(SoftShrink::by(lambda), {x});
}

Var hardshrink(Arg x, double lambda) {
  require_not_negative("hardshrink", lambda);
  return apply(HardShrink::by(lambda), {x});
}

Var tanhshrink(Arg x) { return apply<TanhShrink>(x); }
Var threshold(Arg x, double limit, double replacement) {
  return apply(Threshold::at(limit, replacement), {x});
}

std::span<const OpEntry> activation_piecewise_ops() {
  return OpList<HardTanh, Relu6, HardSigmoid, HardSwish, SoftShrink, HardShrink, TanhShrink,
                Threshold>::entries;
}

}  // namespace dtheta
