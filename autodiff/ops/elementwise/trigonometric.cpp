#include "autodiff/ops/elementwise/trigonometric.hpp"

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

struct Sin : Unary<Sin> {
  static constexpr OpInfo info{.name = "sin", .analytic = true};
  static constexpr OpRule rule{"y = sin(x)", "dy = cos(x) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::sin;
  template <class T>
  static T value(T x) {
    using std::sin;
    return sin(x);
  }
  static Var slope(Var x, Var) { return cos(x); }
};

struct Cos : Unary<Cos> {
  static constexpr OpInfo info{.name = "cos", .analytic = true};
  static constexpr OpRule rule{"y = cos(x)", "dy = -sin(x) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::cos;
  template <class T>
  static T value(T x) {
    using std::cos;
    return cos(x);
  }
  static Var slope(Var x, Var) { return -sin(x); }
};

struct Tan : Unary<Tan> {
  static constexpr OpInfo info{.name = "tan", .analytic = true};
  static constexpr OpRule rule{"y = sin(x) / cos(x)", "dy = (1 + y^2) dx", "cos(x) not 0"};
  static constexpr Domain domain{-1.2, 1.2};
  template <class T>
  static T value(T x) {
    using std::tan;
    return tan(x);
  }
  static Var slope(Var, Var y) { return 1 + square(y); }
};

/// The root is taken as sqrt((1 - x)(1 + x)), to keep digits near 1.
struct Asin : Unary<Asin> {
  static constexpr OpInfo info{.name = "asin", .analytic = true};
  static constexpr OpRule rule{"sin(y) = x, abs(y) <= pi/2", "dy = dx / sqrt(1 - x^2)",
                               "-1 <= x <= 1"};
  static constexpr Domain domain{-0.9, 0.9};
  template <class T>
  static constexpr FastUnary<T> fast = simd::asin;
  template <class T>
  static T value(T x) {
    using std::asin;
    return asin(x);
  }
  static Var slope(Var x, Var) { return rsqrt((1 - x) * (1 + x)); }
};

struct Acos : Unary<Acos> {
  static constexpr OpInfo info{.name = "acos", .analytic = true};
  static constexpr OpRule rule{"cos(y) = x, 0 <= y <= pi", "dy = -dx / sqrt(1 - x^2)",
                               "-1 <= x <= 1"};
  static constexpr Domain domain{-0.9, 0.9};
  template <class T>
  static constexpr FastUnary<T> fast = simd::acos;
  template <class T>
  static T value(T x) {
    using std::acos;
    return acos(x);
  }
  static Var slope(Var x, Var) { return -rsqrt((1 - x) * (1 + x)); }
};

struct Atan : Unary<Atan> {
  static constexpr OpInfo info{.name = "atan", .analytic = true};
  static constexpr OpRule rule{"tan(y) = x, abs(y) < pi/2", "dy = dx / (1 + x^2)"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::atan;
  template <class T>
  static T value(T x) {
    using std::atan;
    return atan(x);
  }
  static Var slope(Var x, Var) { return reciprocal(1 + square(x)); }
};

struct Atan2 : Binary<Atan2> {
  static constexpr OpInfo info{.name = "atan2", .arity = 2};
  static constexpr OpRule rule{"z = the angle of the point (x, y)",
                               "dz = (x dy - y dx) / (x^2 + y^2)"};
  static constexpr std::array<Domain, 2> domains{Domain{0.5, 2}, Domain{-2, 2}};
  template <class T>
  static T value(T y, T x) {
    using std::atan2;
    return atan2(y, x);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    // In unit vectors, as squares would overflow, or vanish.
    const Var slope = detail::xdivy(hypot_slope(p[1 - i], p[i]), hypot(p[0], p[1]));
    return detail::weighted(c, i == 0 ? slope : -slope);
  }
};

struct Sinh : Unary<Sinh> {
  static constexpr OpInfo info{.name = "sinh", .analytic = true};
  static constexpr OpRule rule{"y = (e^x - e^-x) / 2", "dy = cosh(x) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::sinh;
  template <class T>
  static T value(T x) {
    using std::sinh;
    return sinh(x);
  }
  static Var slope(Var x, Var) { return cosh(x); }
};

struct Cosh : Unary<Cosh> {
  static constexpr OpInfo info{.name = "cosh", .analytic = true};
  static constexpr OpRule rule{"y = (e^x + e^-x) / 2", "dy = sinh(x) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::cosh;
  template <class T>
  static T value(T x) {
    using std::cosh;
    return cosh(x);
  }
  static Var slope(Var x, Var) { return sinh(x); }
};

struct Asinh : Unary<Asinh> {
  static constexpr OpInfo info{.name = "asinh", .analytic = true};
  static constexpr OpRule rule{"sinh(y) = x", "dy = dx / sqrt(x^2 + 1)"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::asinh;
  template <class T>
  static T value(T x) {
    using std::asinh;
    return asinh(x);
  }
  static Var slope(Var x, Var) { return reciprocal(hypot(x, 1)); }
};

/// The root is taken as sqrt((x - 1)(x + 1)), to keep digits near 1.
struct Acosh : Unary<Acosh> {
  static constexpr OpInfo info{.name = "acosh", .analytic = true};
  static constexpr OpRule rule{"cosh(y) = x, y >= 0", "dy = dx / sqrt(x^2 - 1)", "x >= 1"};
  static constexpr Domain domain{1.25, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::acosh;
  template <class T>
  static T value(T x) {
    using std::acosh;
    return acosh(x);
  }
  static Var slope(Var x, Var) { return rsqrt(x - 1) * rsqrt(x + 1); }
};

struct Atanh : Unary<Atanh> {
  static constexpr OpInfo info{.name = "atanh", .analytic = true};
  static constexpr OpRule rule{"tanh(y) = x", "dy = dx / (1 - x^2)", "-1 < x < 1"};
  static constexpr Domain domain{-0.9, 0.9};
  template <class T>
  static constexpr FastUnary<T> fast = simd::atanh;
  template <class T>
  static T value(T x) {
    using std::atanh;
    return atanh(x);
  }
  static Var slope(Var x, Var y) { return detail::keep_nan(reciprocal((1 - x) * (1 + x)), y); }
};

}  // namespace

Var sin(Arg x) { return apply<Sin>(x); }
Var cos(Arg x) { return apply<Cos>(x); }
Var tan(Arg x) { return apply<Tan>(x); }
Var asin(Arg x) { return apply<Asin>(x); }
Var acos(Arg x) { return apply<Acos>(x); }
Var atan(Arg x) { return apply<Atan>(x); }
Var atan2(Arg y, Arg x) { return apply<Atan2>(y, x); }
Var sinh(Arg x) { return apply<Sinh>(x); }
Var cosh(Arg x) { return apply<Cosh>(x); }
Var asinh(Arg x) { return apply<Asinh>(x); }
Var acosh(Arg x) { return apply<Acosh>(x); }
Var atanh(Arg x) { return apply<Atanh>(x); }

std::span<const OpEntry> trigonometric_ops() {
  return OpList<Sin, Cos, Tan, Asin, Acos, Atan, Atan2, Sinh, Cosh, Asinh, Acosh, Atanh>::entries;
}

}  // namespace dtheta
