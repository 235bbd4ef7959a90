#include "autodiff/ops/elementwise/exp_log.hpp"

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/numbers.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

struct Exp : Unary<Exp> {
  static constexpr OpInfo info{.name = "exp", .analytic = true};
  static constexpr OpRule rule{"y = e^x", "dy = y dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::exp;
  template <class T>
  static T value(T x) {
    using std::exp;
    return exp(x);
  }
  static Var slope(Var, Var y) { return y; }
};

struct Exp2 : Unary<Exp2> {
  static constexpr OpInfo info{.name = "exp2"};
  static constexpr OpRule rule{"y = 2^x", "dy = log(2) y dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::exp2;
  template <class T>
  static T value(T x) {
    using std::exp2;
    return exp2(x);
  }
  static Var slope(Var x, Var y) { return y * numbers::ln2(x.tape()); }
};

/// The slope is not y + 1, which loses all digits below zero.
struct Expm1 : Unary<Expm1> {
  static constexpr OpInfo info{.name = "expm1"};
  static constexpr OpRule rule{"y = e^x - 1", "dy = e^x dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::expm1;
  template <class T>
  static T value(T x) {
    using std::expm1;
    return expm1(x);
  }
  static Var slope(Var x, Var) { return exp(x); }
};

struct Log : Unary<Log> {
  static constexpr OpInfo info{.name = "log", .analytic = true};
  static constexpr OpRule rule{"y = log(x)", "dy = dx / x", "x > 0"};
  static constexpr Domain domain{0.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::log;
  template <class T>
  static T value(T x) {
    using std::log;
    return log(x);
  }
  static Var select(Var c, Var x, Var y) { return detail::keep_nan(detail::xdivy(c, x), y); }
};

struct Log1p : Unary<Log1p> {
  static constexpr OpInfo info{.name = "log1p"};
  static constexpr OpRule rule{"y = log(1 + x)", "dy = dx / (1 + x)", "x > -1"};
  static constexpr Domain domain{-0.75, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::log1p;
  template <class T>
  static T value(T x) {
    using std::log1p;
    return log1p(x);
  }
  static Var select(Var c, Var x, Var y) { return detail::keep_nan(detail::xdivy(c, 1 + x), y); }
};

struct Log2 : Unary<Log2> {
  static constexpr OpInfo info{.name = "log2"};
  static constexpr OpRule rule{"y = log(x) / log(2)", "dy = dx / (x log(2))", "x > 0"};
  static constexpr Domain domain{0.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::log2;
  template <class T>
  static T value(T x) {
    using std::log2;
    return log2(x);
  }
  static Var select(Var c, Var x, Var y) {
    return detail::keep_nan(detail::xdivy(c, x * numbers::ln2(x.tape())), y);
  }
};

struct Log10 : Unary<Log10> {
  static constexpr OpInfo info{.name = "log10"};
  static constexpr OpRule rule{"y = log(x) / log(10)", "dy = dx / (x log(10))", "x > 0"};
  static constexpr Domain domain{0.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::log10;
  template <class T>
  static T value(T x) {
    using std::log10;
    return log10(x);
  }
  static Var select(Var c, Var x, Var y) {
    return detail::keep_nan(detail::xdivy(c, x * numbers::ln10(x.tape())), y);
  }
};

/// The part of a in the sum. Where both are -infinity there is no sum, and neither has a part.
struct LogAddExpSlope : Binary<LogAddExpSlope> {
  static constexpr OpInfo info{.name = "logaddexp_slope", .arity = 2};
  static constexpr OpRule rule{"y = s(a, b) = e^a / (e^a + e^b)", "dy = s(a, b) s(b, a) (da - db)"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T a, T b) {
    using std::exp;
    if (a == b) return a < T(0) && a - a != T(0) ? T(0) : T(1) / T(2);
    if (a > b) return T(1) / (T(1) + exp(b - a));
    const T e = exp(a - b);
    return e / (T(1) + e);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    const Var product = p.out * apply<LogAddExpSlope>(p[1], p[0]);
    return c * (i == 0 ? product : -product);
  }
};

struct LogAddExp : Binary<LogAddExp> {
  static constexpr OpInfo info{.name = "logaddexp", .arity = 2};
  static constexpr OpRule rule{"y = log(e^a + e^b)",
                               "dy = s(a, b) da + s(b, a) db, s = logaddexp_slope"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T a, T b) {
    using std::abs, std::exp, std::log1p;
    // Equal infinities: their difference would be NaN.
    if (a == b) return a + log1p(T(1));
    return (a > b ? a : b) + log1p(exp(-abs(a - b)));
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return c * apply<LogAddExpSlope>(p[i], p[1 - i]);
  }
};

}  // namespace

Var exp(Arg x) { return apply<Exp>(x); }
Var exp2(Arg x) { return apply<Exp2>(x); }
Var expm1(Arg x) { return apply<Expm1>(x); }
Var log(Arg x) { return apply<Log>(x); }
Var log1p(Arg x) { return apply<Log1p>(x); }
Var log2(Arg x) { return apply<Log2>(x); }
Var log10(Arg x) { return apply<Log10>(x); }
Var logaddexp(Arg a, Arg b) { return apply<LogAddExp>(a, b); }
Var logaddexp_slope(Arg a, Arg b) { return apply<LogAddExpSlope>(a, b); }

std::span<const OpEntry> exp_log_ops() {
  return OpList<Exp, Exp2, Expm1, Log, Log1p, Log2, Log10, LogAddExp, LogAddExpSlope>::entries;
}

}  // namespace dtheta
