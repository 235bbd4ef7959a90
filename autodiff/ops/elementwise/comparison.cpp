#include "autodiff/ops/elementwise/comparison.hpp"

#include <fmt/format.h>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

struct Maximum : Binary<Maximum> {
  static constexpr OpInfo info{.name = "maximum", .arity = 2};
  static constexpr OpRule rule{"y = max(a, b)",
                               "dy = da where a > b, db where b > a, half of each where equal"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::maximum;
  template <class T>
  static T value(T a, T b) {
    return a > b || a != a ? a : b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return detail::gate_larger(c, p[i], p[1 - i]);
  }
};

struct Minimum : Binary<Minimum> {
  static constexpr OpInfo info{.name = "minimum", .arity = 2};
  static constexpr OpRule rule{"y = min(a, b)",
                               "dy = da where a < b, db where b < a, half of each where equal"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::minimum;
  template <class T>
  static T value(T a, T b) {
    return a < b || a != a ? a : b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return detail::gate_larger(c, p[1 - i], p[i]);
  }
};

struct Clamp : Unary<Clamp> {
  RealAttribute low = 0;
  RealAttribute high = 1;
  friend constexpr bool operator==(const Clamp&, const Clamp&) = default;

  static constexpr OpInfo info{.name = "clamp"};
  static constexpr OpRule rule{"y = min(max(x, low), high)",
                               "dy = dx where low <= x <= high, else 0"};
  static constexpr Domain domain{-2, 2};
  static std::vector<Clamp> variants() { return {clamp_to(-0.5, 1), clamp_to(0, infinity)}; }
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr Clamp clamp_to(double low, double high) {
    Clamp c;
    c.low = low;
    c.high = high;
    return c;
  }
  template <class T>
  T value(T x) const {
    return x < low.in<T>() ? low.in<T>() : x > high.in<T>() ? high.in<T>() : x;
  }
  Var select(Var c, Var x, Var) const { return detail::gate(c, x, {low, high, true}); }
};

struct Where : Elementwise<Where, 3> {
  static constexpr OpInfo info{.name = "where", .arity = 3};
  static constexpr OpRule rule{"y = a where m is not 0, else b",
                               "dy = da where m is not 0, else db"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static constexpr FastTernary<T> fast = simd::select;
  template <class T>
  static T value(T m, T a, T b) {
    return m != T(0) ? a : b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    if (i == 0) return {};
    return i == 1 ? where(p[0], c, 0) : where(p[0], 0, c);
  }
};

/// The six comparisons: piecewise constant, so without a derivative.
template <class Self>
struct Comparison : Binary<Self> {
  static constexpr Domain domain{-3, 3};
  static Var pullback(int, const Primal&, Var) { return {}; }
};
struct Less : Comparison<Less> {
  static constexpr OpInfo info{.name = "less", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 where a < b, else 0"};
  template <class T>
  static T value(T a, T b) {
    return T(a < b ? 1 : 0);
  }
};
struct LessEqual : Comparison<LessEqual> {
  static constexpr OpInfo info{.name = "less_equal", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 where a <= b, else 0"};
  template <class T>
  static T value(T a, T b) {
    return T(a <= b ? 1 : 0);
  }
};
struct Greater : Comparison<Greater> {
  static constexpr OpInfo info{.name = "greater", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 where a > b, else 0"};
  template <class T>
  static constexpr FastBinary<T> fast = simd::greater;
  template <class T>
  static T value(T a, T b) {
    return T(a > b ? 1 : 0);
  }
};
struct GreaterEqual : Comparison<GreaterEqual> {
  static constexpr OpInfo info{.name = "greater_equal", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 where a >= b, else 0"};
  template <class T>
  static T value(T a, T b) {
    return T(a >= b ? 1 : 0);
  }
};
struct Equal : Comparison<Equal> {
  static constexpr OpInfo info{.name = "equal", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 where a = b, else 0"};
  template <class T>
  static T value(T a, T b) {
    return T(a == b ? 1 : 0);
  }
};
struct NotEqual : Comparison<NotEqual> {
  static constexpr OpInfo info{.name = "not_equal", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 0 where a = b, else 1"};
  template <class T>
  static T value(T a, T b) {
    return T(a == b ? 0 : 1);
  }
};

}  // namespace

Var maximum(Arg a, Arg b) { return apply<Maximum>(a, b); }
Var minimum(Arg a, Arg b) { return apply<Minimum>(a, b); }
Var where(Arg condition, Arg a, Arg b) { return apply(Where{}, {condition, a, b}); }
Var less(Arg a, Arg b) { return apply<Less>(a, b); }
Var less_equal(Arg a, Arg b) { return apply<LessEqual>(a, b); }
Var greater(Arg a, Arg b) { return apply<Greater>(a, b); }
Var greater_equal(Arg a, Arg b) { return apply<GreaterEqual>(a, b); }
Var equal(Arg a, Arg b) { return apply<Equal>(a, b); }
Var not_equal(Arg a, Arg b) { return apply<NotEqual>(a, b); }

Var clamp(Arg x, double low, double high) {
  if (!(low <= high)) {
    throw ValueError(fmt::format("clamp: low {} must not exceed high {}", low, high));
  }
  return apply(Clamp::clamp_to(low, high), {x});
}

Var clamp(Arg x, Arg low, Arg high) {
  Shape shape;
  for (const Arg& a : {x, low, high}) {
    if (a.is_number()) continue;
    detail::require_real("clamp", a.var().type());
    shape = broadcast("clamp", shape, a.var().shape());
  }
  // A NaN fails both comparisons: kept as it is where it stands.
  const Var raised = where(greater_equal(x, low), x, where(not_equal(x, x), x, low));
  return where(less_equal(raised, high), raised, where(not_equal(raised, raised), raised, high));
}

Var operator<(Arg a, Arg b) { return apply<Less>(a, b); }
Var operator<=(Arg a, Arg b) { return apply<LessEqual>(a, b); }
Var operator>(Arg a, Arg b) { return apply<Greater>(a, b); }
Var operator>=(Arg a, Arg b) { return apply<GreaterEqual>(a, b); }

std::span<const OpEntry> comparison_ops() {
  return OpList<Maximum, Minimum, Clamp, Where, Less, LessEqual, Greater, GreaterEqual, Equal,
                NotEqual>::entries;
}

}  // namespace dtheta
