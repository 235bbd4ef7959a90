#include "autodiff/ops/reduction/norm.hpp"

#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/axis_reduction.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/scalar/real_attribute.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A run of elements at equal distances.
template <class T>
struct Lane {
  const T* x;
  Index n, stride;
  [[nodiscard]] T size_at(Index i) const {
    using std::abs;
    return abs(x[i * stride]);
  }

  /// The sum of term(|x|), in blocks so that the error grows with n / 32.
  template <class Term>
  [[nodiscard]] T sum_of(Term term) const {
    T total(0);
    for (Index start = 0; start < n; start += 32) {
      T block(0);
      for (Index i = start; i < std::min(n, start + 32); ++i) block += term(size_at(i));
      total += block;
    }
    return total;
  }
  [[nodiscard]] T largest() const {
    T m(0);
    for (Index i = 0; i < n; ++i) m = size_at(i) > m || size_at(i) != size_at(i) ? size_at(i) : m;
    return m;
  }
  [[nodiscard]] T smallest() const {
    T m = size_at(0);
    for (Index i = 1; i < n; ++i) m = size_at(i) < m || size_at(i) != size_at(i) ? size_at(i) : m;
    return m;
  }
};

/// The root of the sum of squares, scaled only where squares overflow or lose digits.
template <class T>
T euclidean(const Lane<T>& lane) {
  using std::sqrt;
  using Limits = std::numeric_limits<T>;
  T squares;
  if constexpr (Vectorized<T>) {
    squares = lane.stride == 1 ? simd::sum_squares(lane.x, static_cast<std::size_t>(lane.n))
                               : lane.sum_of([](T a) { return a * a; });
  } else {
    squares = lane.sum_of([](T a) { return a * a; });
  }
  if (squares > Limits::min() / Limits::epsilon() && squares <= Limits::max()) return sqrt(squares);
  const T m = lane.largest();
  if (m == T(0) || !(m <= Limits::max())) return m;
  return m * sqrt(lane.sum_of([m](T a) { return (a / m) * (a / m); }));
}

template <class T>
T norm_of(const Lane<T>& lane, double p) {
  using std::pow;
  if (p == 0) return lane.sum_of([](T a) { return T(a == T(0) ? 0 : 1); });
  if (p == 1) return lane.sum_of([](T a) { return a; });
  if (p == 2) return euclidean(lane);
  if (p == infinity) return lane.largest();
  if (p == -infinity) return lane.smallest();
  // Relative to the element that counts most, so that the sum lies between 1 and n.
  const T m = p > 0 ? lane.largest() : lane.smallest();
  if (m == T(0) || !(m <= std::numeric_limits<T>::max())) return m;
  return m * pow(lane.sum_of([m, p](T a) { return pow(a / m, T(p)); }), T(1) / T(p));
}

/// Where y is 0 there is a corner, and the derivatives of this are taken as 0 too. Where x is
/// infinite, y is, and the quotient tends to 1 or -1.
struct UnitSlope : Binary<UnitSlope> {
  static constexpr OpInfo info{.name = "unit_slope", .arity = 2};
  static constexpr OpRule rule{"z = x / y, 0 where y = 0", "dz = dx / y - z dy / y", "y >= abs(x)"};
  static constexpr std::array<Domain, 2> domains{Domain{-2, 2}, Domain{2, 4}};
  template <class T>
  static T value(T x, T y) {
    if (y == T(0)) return x == x ? T(0) : x;
    using std::abs;
    if (abs(x) > std::numeric_limits<T>::max() && abs(x) == y) return x > T(0) ? T(1) : T(-1);
    return x / y;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    const Var zero = equal(p[1], 0), inverse = where(zero, 0, reciprocal(where(zero, 1, p[1])));
    return i == 0 ? detail::weighted(c, inverse) : -detail::weighted(c, p.out * inverse);
  }
};

struct Norm : detail::AxisReduction<Norm> {
  RealAttribute p = 2;
  bool needs_elements = false;
  friend constexpr bool operator==(const Norm&, const Norm&) = default;

  static constexpr OpInfo info{.name = "norm"};
  static constexpr OpRule rule{"y = sum(abs(x)^p)^(1/p)",
                               "dy = sum(sign(x) (abs(x) / y)^(p-1) dx), 0 where y = 0"};
  static Norm of(double p) {
    Norm op;
    op.p = p;
    op.needs_elements = p < 0 || p == infinity;
    return op;
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = split(call.shape(0));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const Lane<T> lane{call.input(0) + o * s.n * s.inner + j, s.n, s.inner};
        call.output()[o * s.inner + j] = norm_of(lane, p);
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& primal, Var c) const {
    const Var x = primal[0];
    const Shape shape = x.shape();
    const Var own = expanded(c, shape);
    if (p == 0) return {};
    if (p == 1) return own * sign(x);
    const Var y = expanded(primal.out, shape);
    if (p == infinity || p == -infinity) {
      const Var attains = equal(abs(x), y);
      const Var share = where(attains, own / sum(attains, axes(), true), 0) * sign(x);
      return detail::keep_nan(where(is_nan(y), own, share), y);
    }
    if (p == 2) return detail::weighted(own, apply<UnitSlope>(x, y));
    const Var ratio = apply<UnitSlope>(x, y);
    const Var power = pow(abs(ratio), x.tape().constant(p) - 1);
    return detail::weighted(own, detail::weighted(sign(x), power));
  }
  static std::vector<Sample<Norm>> samples() {
    std::vector<Sample<Norm>> list = samples_of(of(2), {0.3, 2});
    for (const double p : {0.0, 0.5, 1.0, 1.5, 3.0, -1.0, -2.5, infinity, -infinity}) {
      list.push_back({over(of(p), 0, 1, false), {given({4}, {0.5, -1.25, 2, -0.75})}});
      list.push_back({over(of(p), 1, 1, true), {real({2, 3, 2}, {0.3, 2})}});
      if (p != 0) list.push_back({over(of(p), 0, 1, false), {given({3}, {1e30, -3e30, 2e30})}});
    }
    for (const double p : {1.0, 1.5, 2.0, 3.0, infinity}) {
      list.push_back({over(of(p), 0, 1, false), {given({3}, {0, 0, 0})}, Smoothness::corner});
    }
    for (const double p : {1.0, infinity}) {
      list.push_back({over(of(p), 0, 1, false), {given({3}, {0, 2, -2})}, Smoothness::corner});
    }
    list.push_back({over(of(2), 0, 1, false), {given({3}, {0, 3, -4})}});
    list.push_back({over(of(3), 0, 1, false), {given({2}, {3, -4})}});
    list.push_back({over(of(2), 0, 1, false), {given({2}, {1e30, -2e30})}});
    return list;
  }
};

Norm checked(double p) {
  if (p != p) throw ValueError("norm: p is NaN");
  return Norm::of(p);
}

}  // namespace

namespace detail {

Var squared_norm(Var v) {
  const Node& node = v.tape().node(v);
  if (node.op != &record_of<Norm>) return {};
  const Norm& op = *static_cast<const Norm*>(node.attributes);
  if (op.p != 2) return {};
  const Primal p{v.tape().inputs(v.index()), v};
  return sum(square(p[0]), op.axes(), op.keepdims);
}

}  // namespace detail

Var norm(Arg x, double p) { return detail::reduce_all(checked(p), x); }
Var norm(Arg x, double p, Axes axes, bool keepdims) {
  return detail::reduce_axes(checked(p), x, axes, keepdims);
}

std::span<const OpEntry> norm_ops() { return OpList<Norm, UnitSlope>::entries; }

}  // namespace dtheta
