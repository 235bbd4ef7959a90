#include "autodiff/ops/loss/losses_regression.hpp"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/more_samples.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/scalar/digits.hpp"
#include "autodiff/scalar/real_attribute.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Losses of a - b: what is due to b is minus what is due to a.
template <class Self>
struct Difference : Binary<Self> {
  static constexpr Domain domain{-3, 3};
  Var pullback(int i, const Primal& p, Var c) const {
    const Var pulled = static_cast<const Self&>(*this).of_difference(c, p[0] - p[1]);
    return i == 0 ? pulled : -pulled;
  }
};

struct SquaredError : Difference<SquaredError> {
  static constexpr OpInfo info{.name = "squared_error", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"y = (a - b)^2", "dy = 2 (a - b) (da - db)"};
  template <class T>
  static T value(T a, T b) {
    return (a - b) * (a - b);
  }
  static Var of_difference(Var c, Var d) { return c * (2 * d); }
  static std::vector<Sample<SquaredError>> samples() {
    std::vector<Sample<SquaredError>> list = Difference<SquaredError>::samples();
    list.push_back({{}, {given({}, {1e15}), given({}, {-1e15})}});
    list.push_back({{}, {given({2}, {1, 2}), given({2}, {1, 2})}});
    return list;
  }
};

struct AbsoluteError : Difference<AbsoluteError> {
  static constexpr OpInfo info{.name = "absolute_error", .arity = 2};
  static constexpr OpRule rule{"y = abs(a - b)", "dy = sign(a - b) (da - db)"};
  template <class T>
  static T value(T a, T b) {
    using std::abs;
    return abs(a - b);
  }
  static Var of_difference(Var c, Var d) { return c * sign(d); }
  static std::vector<Sample<AbsoluteError>> samples() {
    std::vector<Sample<AbsoluteError>> list = Difference<AbsoluteError>::samples();
    list.push_back({{}, {given({}, {1e30}), given({}, {-1e30})}});
    list.push_back({{}, {given({2}, {1, 2}), given({2}, {1, 2})}, Smoothness::corner});
    return list;
  }
};

/// What huber and smooth_l1 share: a bend at |a - b| = at.
template <class Self>
struct Bend : Difference<Self> {
  RealAttribute at = 1;
  friend constexpr bool operator==(const Bend&, const Bend&) = default;

  static Self bend(double at) {
    Self op;
    op.at = at;
    return op;
  }
  static std::vector<Self> variants() { return {bend(1), bend(0.7), bend(2.5)}; }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list = Difference<Self>::samples();
    list.push_back({{}, {given({}, {1e30}), given({}, {-1e30})}});
    list.push_back({{}, {given({}, {0.5}), given({}, {0.5})}});
    list.push_back({{}, {given({}, {1.5}), given({}, {0.5})}, Smoothness::corner});
    list.push_back({{}, {given({}, {-0.5}), given({}, {0.5})}, Smoothness::corner});
    return list;
  }
};

struct Huber : Bend<Huber> {
  static constexpr OpInfo info{.name = "huber", .arity = 2};
  static constexpr OpRule rule{"y = d^2 / 2 where abs(d) <= t, else t (abs(d) - t/2), d = a - b",
                               "dy = (d, limited to [-t, t]) (da - db)"};
  template <class T>
  T value(T a, T b) const {
    using std::abs;
    const T d = abs(a - b), delta = at.in<T>();
    return d <= delta ? d * d / T(2) : delta * (d - delta / T(2));
  }
  Var of_difference(Var c, Var d) const { return c * clamp(d, -at, at); }
};

struct SmoothL1 : Bend<SmoothL1> {
  static constexpr OpInfo info{.name = "smooth_l1", .arity = 2};
  static constexpr OpRule rule{"y = d^2 / (2 t) where abs(d) <= t, else abs(d) - t/2, d = a - b",
                               "dy = (d / t, limited to [-1, 1]) (da - db)"};
  template <class T>
  T value(T a, T b) const {
    using std::abs;
    const T d = abs(a - b), beta = at.in<T>();
    return d <= beta ? d * d / beta / T(2) : d - beta / T(2);
  }
  Var of_difference(Var c, Var d) const { return c * (clamp(d, -at, at) / at.number()); }
};

struct LogCosh : Unary<LogCosh> {
  static constexpr OpInfo info{.name = "log_cosh"};
  static constexpr OpRule rule{"y = log(cosh(x))", "dy = tanh(x) dx"};
  static constexpr Domain domain{-3, 3};
  template <class T>
  static T value(T x) {
    using std::abs, std::exp, std::log1p, std::sinh;
    const T a = abs(x);
    if (!(a < T(1))) return a + log1p(exp(T(-2) * a)) - digits::ln2.in<T>();
    const T s = sinh(a / T(2));  // cosh(x) = 1 + 2 sinh(x/2)^2
    return log1p(T(2) * s * s);
  }
  static Var slope(Var x, Var) { return tanh(x); }
  static std::vector<Sample<LogCosh>> samples() {
    return detail::also_at<LogCosh>({0, 1e-8, 1, -1, 800, 1e30, -1e30}, Unary<LogCosh>::samples());
  }
};

struct GaussianNll : Elementwise<GaussianNll, 3> {
  RealAttribute eps = 1e-6;
  friend constexpr bool operator==(const GaussianNll&, const GaussianNll&) = default;

  static constexpr OpInfo info{.name = "gaussian_nll", .arity = 3};
  static constexpr OpRule rule{"y = (log(v) + d^2 / v) / 2, d = m - t",
                               "dy = d/v (dm - dt) + (1/v - (d/v)^2)/2 dv", "v > 0"};
  static constexpr std::array<Domain, 3> domains{Domain{-2, 2}, Domain{-2, 2}, Domain{0.4, 2}};
  static GaussianNll with_eps(double eps) {
    GaussianNll op;
    op.eps = eps;
    return op;
  }
  template <class T>
  T value(T mean, T target, T variance) const {
    using std::log;
    const T v = variance < eps.in<T>() ? eps.in<T>() : variance, d = mean - target;
    return (log(v) + d * (d / v)) / T(2);
  }
  Var pullback(int i, const Primal& p, Var c) const {
    const Var below = p[2] < eps.number(), v = where(below, eps.number(), p[2]),
              r = (p[0] - p[1]) / v;
    if (i == 2) return c * where(below, 0, 0.5 * (1 / v - square(r)));
    return i == 0 ? c * r : -(c * r);
  }
  static std::vector<Sample<GaussianNll>> samples() {
    std::vector<Sample<GaussianNll>> list = Elementwise<GaussianNll, 3>::samples();
    list.push_back({with_eps(0.5), {real({3}), real({3}), given({3}, {0.25, 1, -1})}});
    list.push_back({{}, {given({}, {1e10}), given({}, {-1e10}), given({}, {1e20})}});
    list.push_back(
        {with_eps(0.5), {given({}, {1}), given({}, {0}), given({}, {0.5})}, Smoothness::corner});
    return list;
  }
};

struct PoissonNll : Binary<PoissonNll> {
  static constexpr OpInfo info{.name = "poisson_nll", .arity = 2};
  static constexpr OpRule rule{"y = e^z - t z", "dy = (e^z - t) dz - z dt"};
  static constexpr std::array<Domain, 2> domains{Domain{-2, 2}, Domain{0, 4}};
  template <class T>
  static T value(T z, T t) {
    using std::exp;
    return exp(z) - t * z;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    return i == 0 ? c * (exp(p[0]) - p[1]) : -(c * p[0]);
  }
  static std::vector<Sample<PoissonNll>> samples() {
    std::vector<Sample<PoissonNll>> list = Binary<PoissonNll>::samples();
    list.push_back({{}, {given({}, {-1e30}), given({}, {2})}});
    list.push_back({{}, {given({}, {60}), given({}, {0})}});
    list.push_back({{}, {real({2, 3}, {-2, 2}), fixed({3}, {0, 1, 4})}});
    return list;
  }
};

void require_positive(std::string_view op, std::string_view what, double value) {
  if (!(value > 0)) throw ValueError(fmt::format("{}: {} {} must be positive", op, what, value));
}

}  // namespace

Var squared_error(Arg a, Arg b) { return apply<SquaredError>(a, b); }
Var absolute_error(Arg a, Arg b) { return apply<AbsoluteError>(a, b); }
Var mse(Arg a, Arg b) { return mean(squared_error(a, b)); }
Var l1(Arg a, Arg b) { return mean(absolute_error(a, b)); }

Var huber(Arg a, Arg b, double delta) {
  require_positive("huber", "delta", delta);
  return apply(Huber::bend(delta), {a, b});
}

Var smooth_l1(Arg a, Arg b, double beta) {
  if (beta == 0) return absolute_error(a, b);
  require_positive("smooth_l1", "beta", beta);
  return apply(SmoothL1::bend(beta), {a, b});
}

Var log_cosh(Arg x) { return apply<LogCosh>(x); }

Var gaussian_nll(Arg mean, Arg target, Arg variance, double eps, bool full) {
  require_positive("gaussian_nll", "eps", eps);
  const Var loss = apply(GaussianNll::with_eps(eps), {mean, target, variance});
  return full ? loss + digits::half_log_two_pi.on(loss.tape()) : loss;
}

Var poisson_nll(Arg z, Arg target) { return apply<PoissonNll>(z, target); }

Var poisson_nll_of_rate(Arg rate, Arg target, double eps) {
  if (!(eps >= 0)) throw ValueError(fmt::format("poisson_nll_of_rate: eps {} must be >= 0", eps));
  return rate - xlogy(target, rate + eps);
}

Var poisson_constant(Arg target) {
  const Var large = target > 1, t = where(large, target, 1);
  const Var constant = digits::half_log_two_pi.on(large.tape());
  return where(large, t * log(t) - t + constant + 0.5 * log(t), 0);
}

std::span<const OpEntry> regression_loss_ops() {
  return OpList<SquaredError, AbsoluteError, Huber, SmoothL1, LogCosh, GaussianNll,
                PoissonNll>::entries;
}

}  // namespace dtheta
