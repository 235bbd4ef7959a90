#include "autodiff/ops/elementwise/arithmetic.hpp"

#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic_form.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/norm.hpp"

namespace dtheta {
namespace {

struct Add : Binary<Add> {
  static constexpr OpInfo info{.name = "add", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a + b", "dy = da + db"};
  static constexpr Domain domain{-3, 3};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastBinary<T> fast = simd::add;
  template <class T>
  static T value(T a, T b) {
    return a + b;
  }
  static Var pullback(int, const Primal&, Var c) { return c; }
};

struct Sub : Binary<Sub> {
  static constexpr OpInfo info{.name = "sub", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a - b", "dy = da - db"};
  static constexpr Domain domain{-3, 3};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastBinary<T> fast = simd::sub;
  template <class T>
  static T value(T a, T b) {
    return a - b;
  }
  static Var pullback(int i, const Primal&, Var c) { return i == 0 ? c : -c; }
};

struct Mul : Binary<Mul> {
  static constexpr OpInfo info{.name = "mul", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a b", "dy = b da + a db"};
  static constexpr Domain domain{-3, 3};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastBinary<T> fast = simd::mul;
  template <class T>
  static T value(T a, T b) {
    return a * b;
  }
  static Var pullback(int i, const Primal& p, Var c) { return c * p[1 - i]; }
};

struct Div : Binary<Div> {
  static constexpr OpInfo info{.name = "div", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = a / b", "dy = da / b - y db / b", "b not 0"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 3}, Domain{0.5, 3}};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastBinary<T> fast = simd::div;
  template <class T>
  static T value(T a, T b) {
    return a / b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? detail::xdivy(c, p[1]) : -detail::weighted(c, p.out / p[1]);
  }
};

struct Neg : Unary<Neg> {
  static constexpr OpInfo info{.name = "neg", .analytic = true};
  static constexpr OpRule rule{"y = -x", "dy = -dx"};
  static constexpr Domain domain{-3, 3};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastUnary<T> fast = simd::neg;
  template <class T>
  static T value(T x) {
    return -x;
  }
  static Var select(Var c, Var, Var) { return -c; }
};

struct Abs : Unary<Abs> {
  static constexpr OpInfo info{.name = "abs"};
  static constexpr OpRule rule{"y = abs(x)", "dy = sign(x) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  static constexpr bool rounded_once = true;
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
  static constexpr OpRule rule{"y = 1 where x > 0, -1 where x < 0, else 0"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T x) {
    return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
  }
  static Var select(Var, Var, Var) { return {}; }
};

struct Square : Unary<Square> {
  static constexpr OpInfo info{.name = "square", .analytic = true};
  static constexpr OpRule rule{"y = x^2", "dy = 2 x dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-3, 3};
  static constexpr bool rounded_once = true;
  template <class T>
  static constexpr FastUnary<T> fast = simd::square;
  template <class T>
  static T value(T x) {
    return x * x;
  }
  static Var slope(Var x, Var) { return 2 * x; }
};

struct Cube : Unary<Cube> {
  static constexpr OpInfo info{.name = "cube", .analytic = true};
  static constexpr OpRule rule{"y = x^3", "dy = 3 x^2 dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * x * x;
  }
  static Var slope(Var x, Var) { return 3 * square(x); }
};

struct Sqrt : Unary<Sqrt> {
  static constexpr OpInfo info{.name = "sqrt", .analytic = true};
  static constexpr OpRule rule{"y = x^(1/2)", "dy = dx / (2 y)", "x >= 0"};
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

struct Rsqrt : Unary<Rsqrt> {
  static constexpr OpInfo info{.name = "rsqrt", .analytic = true};
  static constexpr OpRule rule{"y = x^(-1/2)", "dy = -1/2 x^(-3/2) dx", "x > 0"};
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

struct Reciprocal : Unary<Reciprocal> {
  static constexpr OpInfo info{.name = "reciprocal", .analytic = true};
  static constexpr OpRule rule{"y = 1 / x", "dy = -y^2 dx", "x not 0"};
  static constexpr Domain domain{0.5, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::reciprocal;
  template <class T>
  static T value(T x) {
    return T(1) / x;
  }
  static Var slope(Var, Var y) { return -square(y); }
};

/// The others k are its derivatives, so that none of them multiplies a power that is zero by a
/// logarithm that is infinite.
struct Pow : Binary<Pow> {
  int logs = 0;
  int less = 0;  // a^(b - less), where b - less may have lost the digits of a small b
  friend constexpr bool operator==(const Pow&, const Pow&) = default;

  static constexpr OpInfo info{.name = "pow", .arity = 2, .analytic = true};
  static constexpr OpRule rule{
      "y = a^b log(a)^k, k = 0",
      "dy = (b a^(b-1) log(a)^k + k a^(b-1) log(a)^(k-1)) da + a^b log(a)^(k+1) db",
      "a > 0, or b whole"};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 2}, Domain{-2, 2}};
  static std::vector<Pow> variants() { return {of(0, 0), of(1, 0), of(2, 0), of(0, 1), of(1, 2)}; }
  static Pow of(int logs, int less) {
    Pow op;
    op.logs = logs;
    op.less = less;
    return op;
  }
  template <class T>
  T value(T a, T b) const {
    using std::log;
    const T power = lowered(a, b);
    if (logs == 0 || power == T(0)) return power;
    T result = power;
    for (int k = 0; k < logs; ++k) result *= log(a);
    return result;
  }
  Var pullback(int i, const Primal& p, Var c) const {
    const Var a = p[0], b = p[1];
    if (i == 1) {
      // The power jumps at (0, 0), where its derivative is taken as 0.
      const Var slope = apply(of(logs + 1, less), {a, b});
      return detail::weighted(c, where(equal(a, 0) * equal(b, 0), 0, slope));
    }
    const Var factor = less == 0 ? b : b - less;
    const Var slope = detail::both(factor, apply(of(logs, less + 1), {a, b}));
    if (logs == 0) return detail::weighted(c, slope);
    return detail::weighted(c, slope + logs * apply(of(logs - 1, less + 1), {a, b}));
  }

 private:
  template <class T>
  T lowered(T a, T b) const {
    using std::abs, std::pow;
    if (less == 0) return pow(a, b);
    using Real = std::conditional_t<std::same_as<T, Complex>, double, T>;
    if (abs(b) < Real(1) / Real(2)) {
      T quotient = pow(a, b);
      for (int k = 0; k < less; ++k) quotient /= a;
      if (quotient != T(0) && quotient - quotient == T(0)) return quotient;
    }
    return pow(a, b - T(less));
  }
};

template <class T>
T hypotenuse(T a, T b) {
  if constexpr (std::same_as<T, Complex>) {
    return std::sqrt(a * a + b * b);
  } else {
    using std::hypot;
    return hypot(a, b);
  }
}

/// The slope of hypot in a; 0 where both are.
struct HypotSlope : Binary<HypotSlope> {
  static constexpr OpInfo info{.name = "hypot_slope", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = u(a, b) = a / sqrt(a^2 + b^2)",
                               "dy = u(b, a) (u(b, a) da - u(a, b) db) / sqrt(a^2 + b^2)"};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 3}, Domain{-3, -0.5}};
  template <class T>
  static T value(T a, T b) {
    if (a == T(0)) return a + b == a + b ? T(0) : b;
    if constexpr (RealScalar<T>) {
      using std::abs, std::sqrt;
      const T most = std::numeric_limits<T>::max();
      if (abs(a) > most)
        return (a > T(0) ? T(1) : T(-1)) * (abs(b) > most ? sqrt(T(1) / T(2)) : T(1));
      // By the quotient of the smaller and the larger: no square overflows, and none is lost.
      if (abs(a) >= abs(b)) {
        const T q = b / a;
        return (a > T(0) ? T(1) : T(-1)) / sqrt(T(1) + q * q);
      }
      const T q = a / b;
      return (b > T(0) ? q : -q) / sqrt(T(1) + q * q);
    } else {
      return a / hypotenuse(a, b);
    }
  }
  static Var pullback(int i, const Primal& p, Var c) {
    const Var other = apply<HypotSlope>(p[1], p[0]);
    const Var turned = i == 0 ? other : -p.out;
    return detail::weighted(c, detail::xdivy(other * turned, hypot(p[0], p[1])));
  }
};

struct Hypot : Binary<Hypot> {
  static constexpr OpInfo info{.name = "hypot", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = sqrt(a^2 + b^2)", "dy = (a da + b db) / y"};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 3}, Domain{-3, -0.5}};
  template <class T>
  static T value(T a, T b) {
    return hypotenuse(a, b);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return detail::weighted(c, apply<HypotSlope>(p[i], p[1 - i]));
  }
};

struct Fma : Elementwise<Fma, 3> {
  static constexpr OpInfo info{.name = "fma", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"y = a b + c", "dy = b da + a db + dc"};
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

/// What the value is the root or the size of has the square at hand, and with it the derivatives
/// that the root has not at 0.
Var square(Arg x) {
  if (x.is_number()) return apply<Square>(x);
  const Var v = x.var();
  const OpRecord* const op = v.tape().node(v).op;
  const Primal p{v.tape().inputs(v.index()), v};
  if (op == &record_of<Abs>) return apply<Square>(Arg(p[0], x.at()));
  if (op == &record_of<Hypot>) {
    return apply<Square>(Arg(p[0], x.at())) + apply<Square>(Arg(p[1], x.at()));
  }
  if (const Var sum = detail::squared_norm(v); sum.exists()) return sum;
  return apply<Square>(x);
}

Var cube(Arg x) { return apply<Cube>(x); }
Var sqrt(Arg x) { return apply<Sqrt>(x); }
Var rsqrt(Arg x) { return apply<Rsqrt>(x); }
Var reciprocal(Arg x) { return apply<Reciprocal>(x); }
Var pow(Arg a, Arg b) { return apply<Pow>(a, b); }
Var hypot(Arg a, Arg b) { return apply<Hypot>(a, b); }
Var hypot_slope(Arg a, Arg b) { return apply<HypotSlope>(a, b); }
Var fma(Arg a, Arg b, Arg c) { return apply(Fma{}, {a, b, c}); }

Var operator+(Arg a, Arg b) { return apply<Add>(a, b); }
Var operator-(Arg a, Arg b) { return apply<Sub>(a, b); }
Var operator*(Arg a, Arg b) { return apply<Mul>(a, b); }
Var operator/(Arg a, Arg b) { return apply<Div>(a, b); }
Var operator-(Arg a) { return apply<Neg>(a); }

Arithmetic as_arithmetic(const OpRecord& op) {
  if (&op == &record_of<Add>) return Arithmetic::add;
  if (&op == &record_of<Sub>) return Arithmetic::sub;
  if (&op == &record_of<Mul>) return Arithmetic::mul;
  if (&op == &record_of<Div>) return Arithmetic::div;
  return &op == &record_of<Neg> ? Arithmetic::neg : Arithmetic::none;
}

std::span<const OpEntry> arithmetic_ops() {
  return OpList<Add, Sub, Mul, Div, Neg, Abs, Sign, Square, Cube, Sqrt, Rsqrt, Reciprocal, Pow,
                Hypot, HypotSlope, Fma>::entries;
}

}  // namespace dtheta
