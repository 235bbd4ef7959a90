#include "autodiff/ops/elementwise/activation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/rules.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation_form.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

/// The slope is written as sigmoid(x) sigmoid(-x), so that it has full precision at both ends.
struct Sigmoid : Unary<Sigmoid> {
  static constexpr OpInfo info{.name = "sigmoid"};
  static constexpr OpRule rule{"y = 1 / (1 + e^-x)", "dy = y (1 - y) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::sigmoid;
  template <class T>
  static T value(T x) {
    using std::exp;
    if (x >= T(0)) return T(1) / (T(1) + exp(-x));
    const T e = exp(x);
    return e / (T(1) + e);
  }
  static Var slope(Var x, Var y) { return y * sigmoid(-x); }
};

struct LogSigmoid : Unary<LogSigmoid> {
  static constexpr OpInfo info{.name = "log_sigmoid"};
  static constexpr OpRule rule{"y = log(sigmoid(x))", "dy = sigmoid(-x) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::log_sigmoid;
  template <class T>
  static T value(T x) {
    using std::abs, std::exp, std::log1p;
    return (x < T(0) ? x : T(0)) - log1p(exp(-abs(x)));
  }
  static Var slope(Var x, Var) { return sigmoid(-x); }
};

/// From e^(-2|x|): tanh(x) itself is 1 to the last digit long before the slope is 0. Linear in c.
struct TanhGrad : Binary<TanhGrad> {
  static constexpr OpInfo info{.name = "tanh_grad", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = c (1 - tanh(x)^2)", "dy = (1 - tanh(x)^2) dc - 2 tanh(x) y dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::tanh_grad;
  template <class T>
  static T value(T c, T x) {
    if (c == T(0)) return T(0);
    if constexpr (std::same_as<T, Complex>) {
      const T y = std::tanh(x);
      return c * (T(1) - y * y);
    } else {
      using std::abs, std::exp;
      const T e = exp(T(-2) * abs(x));
      return e == T(0) ? e : c * (T(4) * (e / (T(1) + e)) / (T(1) + e));
    }
  }
  static Var pullback(int i, const Primal& p, Var c) {
    const Var pulled = apply<TanhGrad>(c, p[1]);
    return i == 0 ? pulled : detail::weighted(pulled, -2 * p[0] * tanh(p[1]));
  }
};

struct Tanh : Unary<Tanh> {
  static constexpr OpInfo info{.name = "tanh", .analytic = true};
  static constexpr OpRule rule{"y = tanh(x)", "dy = (1 - y^2) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastUnary<T> fast = simd::tanh;
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var select(Var c, Var x, Var) { return apply<TanhGrad>(c, x); }
};

/// The derivative of relu, linear in c and constant in x; NaN for NaN.
struct ReluGrad : Binary<ReluGrad> {
  static constexpr OpInfo info{.name = "relu_grad", .arity = 2};
  static constexpr OpRule rule{"y = c where x > 0, else 0", "dy = dc where x > 0, else 0"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static constexpr FastBinary<T> fast = simd::relu_grad;
  template <class T>
  static T value(T c, T x) {
    return x > T(0) ? c : x != x && c != T(0) ? x : T(0);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? apply<ReluGrad>(c, p[1]) : Var{};
  }
};

/// The result is positive where x is: so x itself need not be kept.
struct Relu : Unary<Relu> {
  static constexpr OpInfo info{.name = "relu"};
  static constexpr OpRule rule{"y = max(x, 0)", "dy = dx where x > 0, else 0"};
  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  template <class T>
  static constexpr FastUnary<T> fast = simd::relu;
  template <class T>
  static T value(T x) {
    return x > T(0) || x != x ? x : T(0);
  }
  static Var select(Var c, Var, Var y) { return relu_grad(c, y); }
};

struct LeakyRelu : Unary<LeakyRelu> {
  RealAttribute negative_slope = 0.01;
  friend constexpr bool operator==(const LeakyRelu&, const LeakyRelu&) = default;

  static constexpr OpInfo info{.name = "leaky_relu"};
  static constexpr OpRule rule{"y = x where x > 0, else s x", "dy = dx where x > 0, else s dx"};
  static constexpr Domain domain{-3, 3};
  static constexpr std::array corners{0.0};
  static std::vector<LeakyRelu> variants() { return {with_slope(0.01), with_slope(-0.5)}; }
  static constexpr LeakyRelu with_slope(double slope) {
    LeakyRelu op;
    op.negative_slope = slope;
    return op;
  }
  template <class T>
  T value(T x) const {
    return x > T(0) ? x : negative_slope.in<T>() * x;
  }
  Var select(Var c, Var x, Var) const {
    return detail::keep_nan(where(x > 0, c, negative_slope.number() * c), x);
  }
};

struct Softplus : Unary<Softplus> {
  static constexpr OpInfo info{.name = "softplus"};
  static constexpr OpRule rule{"y = log(1 + e^x)", "dy = sigmoid(x) dx"};
  static constexpr bool finite_slope = true;
  static constexpr Domain domain{-4, 4};
  template <class T>
  static constexpr FastUnary<T> fast = simd::softplus;
  template <class T>
  static T value(T x) {
    using std::abs, std::exp, std::log1p;
    return (x > T(0) ? x : T(0)) + log1p(exp(-abs(x)));
  }
  static Var slope(Var x, Var) { return sigmoid(x); }
};

}  // namespace

Var sigmoid(Arg x) { return apply<Sigmoid>(x); }
Var log_sigmoid(Arg x) { return apply<LogSigmoid>(x); }
Var tanh(Arg x) { return apply<Tanh>(x); }
Var relu(Arg x) { return apply<Relu>(x); }
Var relu_grad(Var c, Var x) { return apply<ReluGrad>(c, x); }
Var leaky_relu(Arg x, double slope) { return apply(LeakyRelu::with_slope(slope), {x}); }
Var softplus(Arg x) { return apply<Softplus>(x); }
Var softplus(Arg x, double beta) {
  if (!(beta > 0 && beta < std::numeric_limits<double>::infinity())) {
    throw ValueError(fmt::format("softplus: beta {} is not positive and finite", beta));
  }
  return softplus(Arg(x * beta, x.at())) / beta;
}

bool is_relu(const OpRecord& op) { return &op == &record_of<Relu>; }
bool is_relu_grad(const OpRecord& op) { return &op == &record_of<ReluGrad>; }

std::span<const OpEntry> activation_ops() {
  return OpList<Sigmoid, LogSigmoid, Tanh, Relu, ReluGrad, LeakyRelu, Softplus, TanhGrad>::entries;
}

}  // namespace dtheta
