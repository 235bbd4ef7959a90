#include "autodiff/ops/arithmetic.hpp"

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/forms.hpp"

namespace dtheta {
namespace {

/// d(a + b) = da + db
struct Add : Binary<Add> {
  static constexpr OpInfo info{.name = "add", .arity = 2, .analytic = true};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::add;
  template <class T>
  static T value(T a, T b) {
    return a + b;
  }
  static Var pullback(int, const Primal&, Var c) { return c; }
};

/// d(a - b) = da - db
struct Sub : Binary<Sub> {
  static constexpr OpInfo info{.name = "sub", .arity = 2, .analytic = true};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::sub;
  template <class T>
  static T value(T a, T b) {
    return a - b;
  }
  static Var pullback(int i, const Primal&, Var c) { return i == 0 ? c : -c; }
};

/// d(a b) = b da + a db
struct Mul : Binary<Mul> {
  static constexpr OpInfo info{.name = "mul", .arity = 2, .analytic = true};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::mul;
  template <class T>
  static T value(T a, T b) {
    return a * b;
  }
  static Var pullback(int i, const Primal& p, Var c) { return c * p[1 - i]; }
};

/// d(a / b) = da / b - (a / b) db / b
struct Div : Binary<Div> {
  static constexpr OpInfo info{.name = "div", .arity = 2, .analytic = true};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 3}, Domain{0.5, 3}};
  template <class T>
  static constexpr FastBinary<T> fast = simd::div;
  template <class T>
  static T value(T a, T b) {
    return a / b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? c / p[1] : -(c * p.out / p[1]);
  }
};

/// d(-x) = -dx
struct Neg : Unary<Neg> {
  static constexpr OpInfo info{.name = "neg", .analytic = true};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::neg;
  template <class T>
  static T value(T x) {
    return -x;
  }
  static Var select(Var c, Var, Var) { return -c; }
};

/// d|x| = sign(x) dx
struct Abs : Unary<Abs> {
  static constexpr OpInfo info{.name = "abs"};
  static constexpr Domain domain{-3, 3};
  static constexpr std::array kinks{0.0};
  template <class T>
  static constexpr FastUnary<T> fast = simd::abs;
  template <class T>
  static T value(T x) {
    using std::abs;
    return abs(x);
  }
  static Var slope(Var x, Var) { return sign(x); }
};

struct Sign : Unary<Sign> {
  static constexpr OpInfo info{.name = "sign", .differentiable = false};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T x) {
    return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
  }
  static Var select(Var, Var, Var) { return {}; }
};

/// d(x^2) = 2 x dx
struct Square : Unary<Square> {
  static constexpr OpInfo info{.name = "square", .analytic = true};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::square;
  template <class T>
  static T value(T x) {
    return x * x;
  }
  static Var slope(Var x, Var) { return 2 * x; }
};

/// d(x^3) = 3 x^2 dx
struct Cube : Unary<Cube> {
  static constexpr OpInfo info{.name = "cube", .analytic = true};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * x * x;
  }
  static Var slope(Var x, Var) { return 3 * square(x); }
};

/// d sqrt(x) = dx / (2 sqrt(x))
struct Sqrt : Unary<Sqrt> {
  static constexpr OpInfo info{.name = "sqrt", .analytic = true};
  static constexpr Domain domain{0.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::sqrt;
  template <class T>
  static T value(T x) {
    using std::sqrt;
    return sqrt(x);
  }
  static Var slope(Var, Var y) { return 0.5 / y; }
};

/// d x^(-1/2) = -1/2 x^(-3/2) dx
struct Rsqrt : Unary<Rsqrt> {
  static constexpr OpInfo info{.name = "rsqrt", .analytic = true};
  static constexpr Domain domain{0.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::rsqrt;
  template <class T>
  static T value(T x) {
    using std::sqrt;
    return T(1) / sqrt(x);
  }
  static Var slope(Var x, Var y) { return -0.5 * y / x; }
};

/// d(1 / x) = -dx / x^2
struct Reciprocal : Unary<Reciprocal> {
  static constexpr OpInfo info{.name = "reciprocal", .analytic = true};
  static constexpr Domain domain{0.5, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::reciprocal;
  template <class T>
  static T value(T x) {
    return T(1) / x;
  }
  static Var slope(Var, Var y) { return -square(y); }
};

/// d(a^b) = b a^(b-1) da + a^b log(a) db
struct Pow : Binary<Pow> {
  static constexpr OpInfo info{.name = "pow", .arity = 2, .analytic = true};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 2}, Domain{-2, 2}};
  template <class T>
  static T value(T a, T b) {
    using std::pow;
    return pow(a, b);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    // A base of 1 stands in where the factor beside it is zero but the power or the logarithm would
    // be infinite: 0 * inf is NaN, here and in the derivative of this derivative.
    const Var a = p[0], b = p[1];
    if (i == 0) return c * (b * pow(where(equal(b, 0), 1, a), b - 1));
    const Var zero_base = equal(a, 0) * (b >= 0);
    return c * (p.out * log(where(zero_base, 1, a)));
  }
};

/// d sqrt(a^2 + b^2) = (a da + b db) / sqrt(a^2 + b^2)
struct Hypot : Binary<Hypot> {
  static constexpr OpInfo info{.name = "hypot", .arity = 2};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 3}, Domain{-3, -0.5}};
  template <class T>
  static T value(T a, T b) {
    using std::hypot;
    return hypot(a, b);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return c * (p[i] / where(equal(p.out, 0), 1, p.out));
  }
};

/// d(a b + c) = b da + a db + dc
struct Fma : Elementwise<Fma, 3> {
  static constexpr OpInfo info{.name = "fma", .arity = 3, .analytic = true};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static constexpr FastTernary<T> fast = simd::fma_add;
  template <class T>
  static T value(T a, T b, T c) {
    return a * b + c;
  }
  static Var pullback(int i, const Primal& p, Var c) { return i == 2 ? c : c * p[1 - i]; }
};

}  // namespace

Var add(Arg a, Arg b) { return apply<Add>(a, b); }
Var sub(Arg a, Arg b) { return apply<Sub>(a, b); }
Var mul(Arg a, Arg b) { return apply<Mul>(a, b); }
Var div(Arg a, Arg b) { return apply<Div>(a, b); }
Var neg(Arg x) { return apply<Neg>(x); }
Var abs(Arg x) { return apply<Abs>(x); }
Var sign(Arg x) { return apply<Sign>(x); }
Var square(Arg x) { return apply<Square>(x); }
Var cube(Arg x) { return apply<Cube>(x); }
Var sqrt(Arg x) { return apply<Sqrt>(x); }
Var rsqrt(Arg x) { return apply<Rsqrt>(x); }
Var reciprocal(Arg x) { return apply<Reciprocal>(x); }
Var pow(Arg a, Arg b) { return apply<Pow>(a, b); }
Var hypot(Arg a, Arg b) { return apply<Hypot>(a, b); }
Var fma(Arg a, Arg b, Arg c) { return apply(Fma{}, {a, b, c}); }

Var operator+(Arg a, Arg b) { return apply<Add>(a, b); }
Var operator-(Arg a, Arg b) { return apply<Sub>(a, b); }
Var operator*(Arg a, Arg b) { return apply<Mul>(a, b); }
Var operator/(Arg a, Arg b) { return apply<Div>(a, b); }
Var operator-(Arg a) { return apply<Neg>(a); }

Arithmetic as_arithmetic(const OpRecord& op) {
  if (&op == &record_of<Add>) return Arithmetic::add;
  if (&op == &record_of<Sub>) return Arithmetic::sub;
  return &op == &record_of<Mul> ? Arithmetic::mul : Arithmetic::none;
}

std::span<const OpRecord* const> arithmetic_ops() {
  return OpList<Add, Sub, Mul, Div, Neg, Abs, Sign, Square, Cube, Sqrt, Rsqrt, Reciprocal, Pow,
                Hypot, Fma>::records;
}

}  // namespace dtheta
