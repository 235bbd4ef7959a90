#include "autodiff/ops/rule_ops.hpp"

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/rules.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

using detail::Interval, detail::weighted, detail::xdivy, detail::keep_nan;

struct Weighted : Binary<Weighted> {
  static constexpr OpInfo info{.name = "weighted", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = w x, 0 where w = 0", "dy = x dw + w dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::weighted;
  template <class T>
  static T value(T w, T x) {
    return w == T(0) ? T(0) : w * x;
  }
  static Var pullback(int i, const Primal& p, Var c) { return weighted(c, p[1 - i]); }
};

struct Both : Binary<Both> {
  static constexpr OpInfo info{.name = "both", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a b, 0 where one of them is 0", "dy = b da + a db"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T a, T b) {
    return a == T(0) || b == T(0) ? T(0) : a * b;
  }
  static Var pullback(int i, const Primal& p, Var c) { return weighted(c, p[1 - i]); }
};

struct XDivY : Binary<XDivY> {
  static constexpr OpInfo info{.name = "xdivy", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a / b, 0 where a = 0", "dy = da / b - y db / b",
                               "b not 0, or a = 0"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 3}, Domain{0.5, 3}};
  template <class T>
  static constexpr FastBinary<T> fast = simd::xdivy;
  template <class T>
  static T value(T a, T b) {
    return a == T(0) ? T(0) : a / b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? xdivy(c, p[1]) : -weighted(c, xdivy(p.out, p[1]));
  }
};

struct KeepNan : Binary<KeepNan> {
  static constexpr OpInfo info{.name = "keep_nan", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"z = g, NaN where y is NaN and g not 0", "dz = dg"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::keep_nan;
  template <class T>
  static T value(T g, T y) {
    return y != y && g != T(0) ? y : g;
  }
  static Var pullback(int i, const Primal& p, Var c) { return i == 0 ? keep_nan(c, p[1]) : Var{}; }
};

struct Gate : Binary<Gate> {
  RealAttribute low = -1;
  RealAttribute high = 1;
  bool closed = false;
  bool outside = false;
  friend constexpr bool operator==(const Gate&, const Gate&) = default;

  static constexpr OpInfo info{.name = "gate", .arity = 2};
  static constexpr OpRule rule{"y = c where x is in an interval, else 0",
                               "dy = dc where x is in it, else 0"};
  static constexpr Domain domain{-3, 3};
  static constexpr Gate of(const Interval& interval) {
    Gate op;
    op.low = interval.low;
    op.high = interval.high;
    op.closed = interval.closed;
    op.outside = interval.outside;
    return op;
  }
  static std::vector<Gate> variants() {
    return {of({-1, 1}), of({0, 2, true}), of({-1, 1, true, true})};
  }
  template <class T>
  T value(T c, T x) const {
    const T from = low.in<T>(), to = high.in<T>();
    const bool inside = closed ? x >= from && x <= to : x > from && x < to;
    return c == T(0) ? T(0) : x != x ? x : inside != outside ? c : T(0);
  }
  Var pullback(int i, const Primal& p, Var c) const {
    return i == 0 ? detail::gate(c, p[1], {low, high, closed, outside}) : Var{};
  }
};

struct GateLarger : Elementwise<GateLarger, 3> {
  static constexpr OpInfo info{.name = "gate_larger", .arity = 3};
  static constexpr OpRule rule{"y = c where a > b, c/2 where a = b, else 0",
                               "dy = dc where a > b, dc/2 where a = b, else 0"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T c, T a, T b) {
    if (a > b || c == T(0)) return c;
    if (a < b) return T(0);
    return a == b ? c / T(2) : a - b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? detail::gate_larger(c, p[1], p[2]) : Var{};
  }
  static std::vector<Sample<GateLarger>> samples() {
    std::vector<Sample<GateLarger>> list = Elementwise<GateLarger, 3>::samples();
    list.push_back({{}, {real({3}), fixed({3}, {1, 2, 3}), fixed({3}, {1, 3, 2})}});
    return list;
  }
};

}  // namespace

namespace detail {

Var weighted(Arg w, Arg x) { return apply<Weighted>(w, x); }
Var both(Arg a, Arg b) { return apply<Both>(a, b); }
Var xdivy(Arg a, Arg b) { return apply<XDivY>(a, b); }
Var keep_nan(Arg g, Arg y) { return apply<KeepNan>(g, y); }
Var gate(Arg c, Arg x, const Interval& interval) { return apply(Gate::of(interval), {c, x}); }
Var gate_larger(Arg c, Arg a, Arg b) { return apply(GateLarger{}, {c, a, b}); }

}  // namespace detail

std::span<const OpEntry> rule_ops() {
  return OpList<Weighted, Both, XDivY, KeepNan, Gate, GateLarger>::entries;
}

}  // namespace dtheta
