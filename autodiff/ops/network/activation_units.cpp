#include "autodiff/ops/network/activation_units.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/real_attribute.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

struct PRelu : Binary<PRelu> {
  static constexpr OpInfo info{.name = "prelu", .arity = 2};
  static constexpr OpRule rule{"y = x where x > 0, else a x",
                               "dy = dx where x > 0, else a dx + x da"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 3}, Domain{0.1, 0.6}};
  template <class T>
  static T value(T x, T a) {
    return x > T(0) ? x : a * x;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    const Var pulled = i == 0 ? where(p[0] > 0, c, c * p[1]) : where(p[0] > 0, 0, c * p[0]);
    return detail::keep_nan(pulled, p[0]);
  }
  static std::vector<Sample<PRelu>> samples() {
    std::vector<Sample<PRelu>> list = Binary<PRelu>::samples();
    list.push_back({{}, {real({2, 3, 2}, {-3, 3}), real({3, 1}, {-1, 1})}});
    list.push_back({{}, {given({4}, {1e30, -1e30, 3, -3}), real({1})}});
    list.push_back({{}, {given({}, {0}), given({}, {0.25})}, Smoothness::corner});
    list.push_back({{}, {given({2}, {0, 1}), given({}, {-2})}, Smoothness::corner});
    return list;
  }
};

/// e^x below zero and 1 above, where it is not used: no infinity enters a derivative by the side
/// that was not taken.
Var exp_below_zero(Var x) { return exp(where(x > 0, 0, x)); }

/// What elu and celu share: a parameter alpha.
template <class Self>
struct ExponentialUnit : Unary<Self> {
  RealAttribute alpha = 1;
  friend constexpr bool operator==(const ExponentialUnit&, const ExponentialUnit&) = default;

  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  static Self with_alpha(double alpha) {
    Self op;
    op.alpha = alpha;
    return op;
  }
  static std::vector<Self> variants() { return {with_alpha(1), with_alpha(0.5), with_alpha(1.7)}; }
  static std::vector<Sample<Self>> samples() {
    return detail::also_at<Self>({1e30, -1e30, 60, -60, 800}, Unary<Self>::samples());
  }
};

struct Elu : ExponentialUnit<Elu> {
  static constexpr OpInfo info{.name = "elu"};
  static constexpr OpRule rule{"y = x where x > 0, else a (e^x - 1)",
                               "dy = dx where x > 0, else a e^x dx"};
  template <class T>
  T value(T x) const {
    using std::expm1;
    return x > T(0) ? x : alpha.in<T>() * expm1(x);
  }
  Var select(Var c, Var x, Var) const {
    return where(x > 0, c, alpha.number() * c * exp_below_zero(x));
  }
};

struct Celu : ExponentialUnit<Celu> {
  static constexpr OpInfo info{.name = "celu"};
  static constexpr OpRule rule{"y = x where x > 0, else a (e^(x/a) - 1)",
                               "dy = dx where x > 0, else e^(x/a) dx"};
  template <class T>
  T value(T x) const {
    using std::expm1;
    return x > T(0) ? x : alpha.in<T>() * expm1(x / alpha.in<T>());
  }
  Var select(Var c, Var x, Var) const {
    return where(x > 0, c, c * exp(where(x > 0, 0, x) / alpha.number()));
  }
};

struct Selu : Unary<Selu> {
  static constexpr OpInfo info{.name = "selu"};
  static constexpr OpRule rule{
      "y = s x where x > 0, else s a (e^x - 1), with s = 1.0507..., a = 1.6732...",
      "dy = s dx where x > 0, else s a e^x dx"};
  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  template <class T>
  static T value(T x) {
    using std::expm1;
    return x > T(0) ? digits::selu_scale.in<T>() * x : digits::selu_scale_alpha.in<T>() * expm1(x);
  }
  static Var slope(Var x, Var) {
    Tape& tape = x.tape();
    const Var below = digits::selu_scale_alpha.on(tape) * exp_below_zero(x);
    return where(x > 0, digits::selu_scale.on(tape), below);
  }
  static std::vector<Sample<Selu>> samples() {
    return detail::also_at<Selu>({1e30, -1e30, 60, -60, 800}, Unary<Selu>::samples());
  }
};

struct Gelu : Unary<Gelu> {
  static constexpr OpInfo info{.name = "gelu"};
  static constexpr OpRule rule{"y = x Phi(x)", "dy = (Phi(x) + x phi(x)) dx"};
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::gelu;
  template <class T>
  static T value(T x) {
    using std::erfc;
    if (x == -std::numeric_limits<T>::infinity()) return T(0);
    return x * erfc(-digits::sqrt_half.in<T>() * x) / T(2);
  }
  static Var slope(Var x, Var) {
    Tape& tape = x.tape();
    const Var below = 0.5 * erfc(-digits::sqrt_half.on(tape) * x);
    const Var density = digits::one_over_sqrt_two_pi.on(tape) * exp(-0.5 * square(x));
    return below + detail::weighted(density, x);
  }
  static std::vector<Sample<Gelu>> samples() {
    return detail::also_at<Gelu>({-1e30, 1e30, 1e-30, -1e-30, 40, -40}, Unary<Gelu>::samples());
  }
};

struct GeluTanh : Unary<GeluTanh> {
  static constexpr OpInfo info{.name = "gelu_tanh"};
  static constexpr OpRule rule{
      "y = x s(2u), s = sigmoid, u = k (x + a x^3), k = sqrt(2/pi), a = 0.044715",
      "dy = (s(2u) + 2 x u' s(2u) s(-2u)) dx, u' = k (1 + 3 a x^2)"};
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::gelu_tanh;
  template <class T>
  static T value(T x) {
    using std::exp;
    if (x == -std::numeric_limits<T>::infinity()) return T(0);
    const T a = T(44715) / T(1000000);
    const T u = T(2) * digits::sqrt_two_over_pi.in<T>() * x * (T(1) + a * x * x);
    if (u >= T(0)) return x / (T(1) + exp(-u));
    const T e = exp(u);
    return x * (e / (T(1) + e));
  }
  static Var slope(Var x, Var) {
    // Beyond 64 the slope is 0 or 1 to the last digit of any scalar, and powers would overflow.
    const Var t = clamp(x, -64, 64);
    const Var a = x.tape().constant(44715) / 1000000;
    const Var k = 2 * digits::sqrt_two_over_pi.on(x.tape());
    const Var u = k * t * (1 + a * square(t));
    const Var s = sigmoid(u);
    return s + t * (k * (1 + 3 * a * square(t))) * (s * sigmoid(-u));
  }
  static std::vector<Sample<GeluTanh>> samples() {
    return detail::also_at<GeluTanh>({-1e30, 1e30, 1e-30, -1e-30, 40, -40},
                                     Unary<GeluTanh>::samples());
  }
};

struct Silu : Unary<Silu> {
  static constexpr OpInfo info{.name = "silu"};
  static constexpr OpRule rule{"y = x s, s = sigmoid(x)", "dy = (s + x s (1 - s)) dx"};
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::silu;
  template <class T>
  static T value(T x) {
    using std::exp;
    if (x >= T(0)) return x / (T(1) + exp(-x));
    if (x == -std::numeric_limits<T>::infinity()) return T(0);
    const T e = exp(x);
    return x * (e / (T(1) + e));
  }
  static Var slope(Var x, Var y) { return sigmoid(x) + detail::weighted(sigmoid(-x), y); }
  static std::vector<Sample<Silu>> samples() {
    return detail::also_at<Silu>({-1e30, 1e30, 1e-30, -1e-30, 40, -40}, Unary<Silu>::samples());
  }
};

/// Here t = s (1 + q) / (1 + q^2).
struct Mish : Unary<Mish> {
  static constexpr OpInfo info{.name = "mish"};
  static constexpr OpRule rule{
      "y = x t, t = tanh(softplus(x))",
      "dy = (t + 4 x s q^2 / (1 + q^2)^2) dx, s = sigmoid(x), q = sigmoid(-x)"};
  static constexpr Domain domain{-4, 4};
  template <class T>
  static T value(T x) {
    using std::exp;
    // With e = exp(x): tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2), for x > 0 over e^2.
    if (x > T(0)) {
      const T e = exp(-x), n = T(1) + T(2) * e;
      return x * (n / (n + T(2) * e * e));
    }
    if (x == -std::numeric_limits<T>::infinity()) return T(0);
    const T e = exp(x), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
  static Var slope(Var x, Var) {
    const Var s = sigmoid(x), q = sigmoid(-x);
    const Var d = 1 + square(q);
    return s * (1 + q) / d + detail::weighted(s * square(q / d), 4 * x);
  }
  static std::vector<Sample<Mish>> samples() {
    return detail::also_at<Mish>({-1e30, 1e30, 1e-30, -1e-30, 40, -40}, Unary<Mish>::samples());
  }
};

struct Softsign : Unary<Softsign> {
  static constexpr OpInfo info{.name = "softsign"};
  static constexpr OpRule rule{"y = x / (1 + abs(x))", "dy = dx / (1 + abs(x))^2"};
  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  template <class T>
  static T value(T x) {
    using std::abs;
    if (abs(x) == std::numeric_limits<T>::infinity()) return x > T(0) ? T(1) : T(-1);
    return x / (T(1) + abs(x));
  }
  static Var slope(Var x, Var) { return square(1 / (1 + abs(x))); }
  static std::vector<Sample<Softsign>> samples() {
    return detail::also_at<Softsign>({-1e30, 1e30, 900, -900}, Unary<Softsign>::samples());
  }
};

struct Glu : Binary<Glu> {
  static constexpr OpInfo info{.name = "glu", .arity = 2};
  static constexpr OpRule rule{"y = a s, s = sigmoid(b)", "dy = s da + a s (1 - s) db"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 3}, Domain{-4, 4}};
  template <class T>
  static T value(T a, T b) {
    using std::exp;
    if (b >= T(0)) return a / (T(1) + exp(-b));
    const T e = exp(b);
    return e == T(0) && a == a ? T(0) : a * (e / (T(1) + e));
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return c * (i == 0 ? sigmoid(p[1]) : detail::weighted(sigmoid(-p[1]), p.out));
  }
  static std::vector<Sample<Glu>> samples() {
    std::vector<Sample<Glu>> list = Binary<Glu>::samples();
    list.push_back({{}, {given({4}, {1, -2, 3, -4}), given({4}, {1e30, -1e30, 900, -900})}});
    list.push_back({{}, {given({2}, {1e30, 3e30}), real({3, 1}, {0, 2})}});
    return list;
  }
};

}  // namespace

Var prelu(Arg x, Arg slope, int axis) {
  if (slope.is_number() || slope.var().rank() != 1 || slope.var().size() == 1) {
    return apply<PRelu>(x, slope);
  }
  const Shape &shape = x.var().shape(), &slopes = slope.var().shape();
  const int a = normalize_axis("prelu", axis, shape.rank());
  if (shape[a] != slopes[0]) {
    throw ShapeError(fmt::format("prelu: slopes {} for axis {} of {}: {} != {}", to_string(slopes),
                                 a, to_string(shape), slopes[0], shape[a]));
  }
  std::array<Index, max_rank> column;
  column.fill(1);
  column[0] = slopes[0];
  const auto rank = static_cast<std::size_t>(shape.rank() - a);
  return apply<PRelu>(x, reshape(slope, Shape(std::span<const Index>(column.data(), rank))));
}

Var elu(Arg x, double alpha) { return apply(Elu::with_alpha(alpha), {x}); }

Var celu(Arg x, double alpha) {
  if (alpha == 0) throw ValueError("celu: alpha 0 would divide by zero");
  return apply(Celu::with_alpha(alpha), {x});
}

Var selu(Arg x) { return apply<Selu>(x); }
Var gelu(Arg x) { return apply<Gelu>(x); }
Var gelu_tanh(Arg x) { return apply<GeluTanh>(x); }
Var silu(Arg x) { return apply<Silu>(x); }
Var mish(Arg x) { return apply<Mish>(x); }
Var softsign(Arg x) { return apply<Softsign>(x); }

Var glu(Arg x, int axis) {
  const Shape shape = x.var().shape();
  const int a = normalize_axis("glu", axis, shape.rank());
  if (shape[a] % 2 != 0) {
    throw ShapeError(fmt::format("glu: axis {} of {} has odd size {}: it has no halves", a,
                                 to_string(shape), shape[a]));
  }
  const Index half = shape[a] / 2;
  const Var value = slice(x, a, {0, half}), gate = slice(x, a, {half, shape[a]});
  return apply<Glu>(Arg(value, x.at()), Arg(gate, x.at()));
}

std::span<const OpEntry> activation_unit_ops() {
  return OpList<PRelu, Elu, Celu, Selu, Gelu, GeluTanh, Silu, Mish, Softsign, Glu>::entries;
}

}  // namespace dtheta
