#include "autodiff/ops/elementwise/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

/// Functions constant between jumps: without a derivative.
template <class Self>
struct Stepwise : Unary<Self> {
  static constexpr Domain domain{-5, 5};
  static Var select(Var, Var, Var) { return {}; }
  static std::vector<Sample<Self>> samples() {
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return detail::also_at<Self>({0.5, 1.5, -2.5, 1e30, -1e30, 1e-30, -0.0, inf, -inf, nan},
                                 Unary<Self>::samples());
  }
};

struct Floor : Stepwise<Floor> {
  static constexpr OpInfo info{.name = "floor", .differentiable = false};
  static constexpr OpRule rule{"y = the largest whole number <= x"};
  template <class T>
  static constexpr FastUnary<T> fast = simd::floor;
  template <class T>
  static T value(T x) {
    using std::floor;
    return floor(x);
  }
};

struct Ceil : Stepwise<Ceil> {
  static constexpr OpInfo info{.name = "ceil", .differentiable = false};
  static constexpr OpRule rule{"y = the smallest whole number >= x"};
  template <class T>
  static constexpr FastUnary<T> fast = simd::ceil;
  template <class T>
  static T value(T x) {
    using std::ceil;
    return ceil(x);
  }
};

struct Round : Stepwise<Round> {
  static constexpr OpInfo info{.name = "round", .differentiable = false};
  static constexpr OpRule rule{"y = the nearest whole number, the even one of two"};
  template <class T>
  static T value(T x) {
    using std::nearbyint;
    return nearbyint(x);
  }
};

struct Trunc : Stepwise<Trunc> {
  static constexpr OpInfo info{.name = "trunc", .differentiable = false};
  static constexpr OpRule rule{"y = x without what is behind the point"};
  template <class T>
  static T value(T x) {
    using std::trunc;
    return trunc(x);
  }
};

struct IsNan : Stepwise<IsNan> {
  static constexpr OpInfo info{.name = "is_nan", .differentiable = false};
  static constexpr OpRule rule{"y = 1 where x is NaN, else 0"};
  template <class T>
  static T value(T x) {
    return T(x != x ? 1 : 0);
  }
};

struct IsInf : Stepwise<IsInf> {
  static constexpr OpInfo info{.name = "is_inf", .differentiable = false};
  static constexpr OpRule rule{"y = 1 where x is infinite, else 0"};
  template <class T>
  static T value(T x) {
    return T(x == x && x - x != T(0) ? 1 : 0);
  }
};

struct IsFinite : Stepwise<IsFinite> {
  static constexpr OpInfo info{.name = "is_finite", .differentiable = false};
  static constexpr OpRule rule{"y = 1 where x is finite, else 0"};
  template <class T>
  static T value(T x) {
    return T(x - x == T(0) ? 1 : 0);
  }
};

/// d(a - n b) = da - n db, where n is the integer (a - out) / b
template <class Self>
struct Division : Binary<Self> {
  static constexpr std::array<Domain, 2> domains{Domain{-5, 5}, Domain{0.75, 1.5}};
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? c : -(c * round((p[0] - p.out) / p[1]));
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list = Binary<Self>::samples();
    list.push_back({{}, {real({3, 2}, {-5, 5}), real({2}, {-1.6, -0.7})}});
    list.push_back({{}, {given({4}, {7, -7, 7, -7}), given({4}, {3, 3, -3, -3})}});
    list.push_back({{}, {given({4}, {1, -1, 2, -2}), given({2, 1}, {1e30, -1e30})}});
    list.push_back({{}, {given({3}, {7, 1e-3, -98}), given({}, {2.5})}});
    return list;
  }
};

struct Remainder : Division<Remainder> {
  static constexpr OpInfo info{.name = "remainder", .arity = 2};
  static constexpr OpRule rule{"y = a - floor(a / b) b", "dy = da - floor(a / b) db", "b not 0"};
  template <class T>
  static T value(T a, T b) {
    using std::fmod;
    const T r = fmod(a, b);
    return r != T(0) && (r < T(0)) != (b < T(0)) ? r + b : r;
  }
};

struct Fmod : Division<Fmod> {
  static constexpr OpInfo info{.name = "fmod", .arity = 2};
  static constexpr OpRule rule{"y = a - trunc(a / b) b", "dy = da - trunc(a / b) db", "b not 0"};
  template <class T>
  static T value(T a, T b) {
    using std::fmod;
    return fmod(a, b);
  }
};

struct ScaleGradient {
  RealAttribute factor = 1;
  friend constexpr bool operator==(const ScaleGradient&, const ScaleGradient&) = default;

  static constexpr OpInfo info{.name = "scale_gradient", .analytic = true, .view = true};
  static constexpr OpRule rule{"y = x", "dy = s dx, by decree"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    std::copy_n(call.input(0), call.out_shape().size(), call.output());
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return factor.number() * c; }
  [[nodiscard]] Var jvp(const Primal&, std::span<const Var> t) const {
    return factor.number() * t[0];
  }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(*this, {b[0]}); }
  // Only with factor 1 is the derivative that of the function.
  static std::vector<Sample<ScaleGradient>> samples() {
    return {{{}, {real({})}}, {{}, {real({2, 3})}}, {{}, {real({0, 2})}}, {{}, {real({33})}}};
  }
};

}  // namespace

Var floor(Arg x) { return apply<Floor>(x); }
Var ceil(Arg x) { return apply<Ceil>(x); }
Var round(Arg x) { return apply<Round>(x); }
Var trunc(Arg x) { return apply<Trunc>(x); }
Var remainder(Arg a, Arg b) { return apply<Remainder>(a, b); }
Var fmod(Arg a, Arg b) { return apply<Fmod>(a, b); }
Var is_nan(Arg x) { return apply<IsNan>(x); }
Var is_inf(Arg x) { return apply<IsInf>(x); }
Var is_finite(Arg x) { return apply<IsFinite>(x); }
Var scale_gradient(Arg x, double factor) { return apply(ScaleGradient{factor}, {x}); }

std::span<const OpEntry> rounding_ops() {
  return OpList<Floor, Ceil, Round, Trunc, IsNan, IsInf, IsFinite, Remainder, Fmod,
                ScaleGradient>::entries;
}

}  // namespace dtheta
