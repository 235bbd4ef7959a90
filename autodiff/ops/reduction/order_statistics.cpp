#include "autodiff/ops/reduction/order_statistics.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/axis_reduction.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/rule_ops.hpp"

namespace dtheta {
namespace {

/// Calls visit(first element, index of the lane) for each run of elements along the split axes.
template <class T, class Visit>
void for_each_lane(const T* x, const AxisSplit& s, Visit visit) {
  for (Index o = 0; o < s.outer; ++o) {
    for (Index j = 0; j < s.inner; ++j) visit(x + o * s.n * s.inner + j, o * s.inner + j);
  }
}

struct Median : detail::AxisReduction<Median> {
  static constexpr OpInfo info{.name = "median"};
  static constexpr OpRule rule{"y = the middle element, the lower of two",
                               "dy = the mean of dx over the elements equal to y"};
  static constexpr bool needs_elements = true;
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(split(in[0].shape).n);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = split(call.shape(0));
    T* sorted = call.workspace();
    for_each_lane(call.input(0), s, [&](const T* x, Index lane) {
      T& out = call.output()[lane];
      for (Index i = 0; i < s.n; ++i) {
        sorted[i] = x[i * s.inner];
        if (sorted[i] != sorted[i]) {
          out = sorted[i];
          return;
        }
      }
      T* middle = sorted + (s.n - 1) / 2;
      std::nth_element(sorted, middle, sorted + s.n);
      out = *middle;
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Shape shape = p[0].shape();
    const Var median = expanded(p.out, shape), attains = equal(p[0], median);
    const Var share = detail::xdivy(expanded(c, shape), sum(attains, axes(), true));
    return detail::keep_nan(where(attains + is_nan(median), share, 0), median);
  }
  static std::vector<Sample<Median>> samples() {
    std::vector<Sample<Median>> list = samples_of({}, {-50, 70});
    list.push_back({over({}, 0, 1, false), {given({4}, {3, 1e30, -1e30, 2})}});
    list.push_back({over({}, 0, 1, false), {given({4}, {1, 0, 1, 2})}, Smoothness::corner});
    list.push_back({over({}, 1, 1, true), {given({1, 2}, {4, 4})}, Smoothness::corner});
    return list;
  }
};

/// What argmax and argmin share.
template <class Self>
struct ArgExtremum {
  int axis = 0;
  bool keepdims = false;
  Tie tie = Tie::first;
  friend constexpr bool operator==(const ArgExtremum&, const ArgExtremum&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(Self::info.name, in);
    if (in[0].shape[axis] == 0) {
      throw ShapeError(fmt::format("{}: {} has no elements along axis {}", Self::info.name,
                                   to_string(in[0].shape), axis));
    }
    return {reduced_shape(in[0].shape, axis, 1, keepdims), Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    for_each_lane(call.input(0), s, [&](const T* x, Index lane) {
      Index best = 0;
      for (Index i = 1; i < s.n; ++i) {
        const T a = x[i * s.inner], b = x[best * s.inner];
        const bool level = a == b || (a != a && b != b);
        if (level ? tie == Tie::last : (a != a || Self::wins(a, b))) best = i;
      }
      call.index_output()[lane] = best;
    });
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(along(axis + 1, keepdims, tie), {b[0]});
  }
  static Self along(int axis, bool keepdims, Tie tie) {
    Self op;
    op.axis = axis;
    op.keepdims = keepdims;
    op.tie = tie;
    return op;
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    for (const Tie tie : {Tie::first, Tie::last}) {
      list.push_back({along(0, false, tie), {real({5})}});
      list.push_back({along(0, true, tie), {real({3, 2})}});
      list.push_back({along(1, false, tie), {real({3, 4})}});
      list.push_back({along(1, true, tie), {real({2, 3, 2})}});
      list.push_back({along(1, false, tie), {real({0, 3})}});
      list.push_back({along(0, false, tie), {given({4}, {1, 2, 2, 1})}});
      list.push_back({along(0, false, tie), {given({3}, {1e30, -1e30, 0})}});
    }
    return list;
  }
};

struct ArgMax : ArgExtremum<ArgMax> {
  static constexpr OpInfo info{.name = "argmax", .differentiable = false};
  static constexpr OpRule rule{"y = where the largest element is"};
  template <class T>
  static bool wins(T a, T b) {
    return a > b;
  }
};

struct ArgMin : ArgExtremum<ArgMin> {
  static constexpr OpInfo info{.name = "argmin", .differentiable = false};
  static constexpr OpRule rule{"y = where the smallest element is"};
  template <class T>
  static bool wins(T a, T b) {
    return a < b;
  }
};

struct SparseMax {
  int axis = 0;
  friend constexpr bool operator==(const SparseMax&, const SparseMax&) = default;

  static constexpr OpInfo info{.name = "sparsemax"};
  static constexpr OpRule rule{
      "y = max(x - t, 0), with the t for which y sums to 1",
      "dy = dx - mean(dx) where y > 0, else 0; the mean is over those too"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(in[0].shape[axis]);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    if (s.n == 0) return;
    const T* start = call.input(0);
    for_each_lane(start, s, [&](const T* x, Index) {
      T* sorted = call.workspace();
      const T t = threshold(x, s, sorted);
      T* out = call.output() + (x - start);
      if (sorted[0] == std::numeric_limits<T>::infinity()) {  // those share the sum evenly
        Index largest = 0;
        while (largest < s.n && sorted[largest] == sorted[0]) ++largest;
        for (Index i = 0; i < s.n; ++i) {
          const bool has_part = x[i * s.inner] == sorted[0];
          out[i * s.inner] = has_part ? T(1) / T(static_cast<double>(largest)) : T(0);
        }
        return;
      }
      for (Index i = 0; i < s.n; ++i) {
        const T above = (x[i * s.inner] - sorted[0]) - t;
        out[i * s.inner] = above > T(0) || above != above ? above : T(0);
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Var kept = p.out > 0, part = where(kept, c, 0);
    const Var mean = sum(part, axis, true) / sum(kept, axis, true);  // NaN where all results are
    return where(kept + is_nan(p.out), c - mean, 0);
  }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(SparseMax{axis + 1}, {b[0]}); }
  static std::vector<Sample<SparseMax>> samples() {
    return {{{0}, {real({4}, {-1, 1})}},
            {{0}, {real({5}, {-0.1, 0.1})}},
            {{1}, {real({3, 4}, {-1, 1})}},
            {{0}, {real({3, 4}, {-1, 1})}},
            {{1}, {real({2, 3, 2}, {-1, 1})}},
            {{1}, {real({3, 1})}},
            {{0}, {real({0, 2})}},
            {{1}, {real({2, 0})}},
            {{0}, {given({3}, {1e30, -1e30, 1})}},
            {{0}, {given({3}, {500, 500.25, 499})}},
            {{0}, {given({2}, {1, 0})}, Smoothness::corner},
            {{0}, {given({3}, {0.5, 0.5, 0})}, Smoothness::corner}};
  }

 private:
  /// Sorts the elements, the largest first; the t with sum of max(x - largest - t, 0) = 1. From the
  /// k largest, t = (sum of x - largest, less 1) / k, for the largest k whose last element is above
  /// it.
  template <class T>
  static T threshold(const T* x, const AxisSplit& s, T* sorted) {
    for (Index i = 0; i < s.n; ++i) {
      sorted[i] = x[i * s.inner];
      if (sorted[i] != sorted[i]) return sorted[i];
    }
    std::sort(sorted, sorted + s.n, std::greater<T>());
    T total(0), t(-1);
    for (Index k = 0; k < s.n; ++k) {
      const T below = sorted[k] - sorted[0];
      if (!(below > t)) break;
      total += below;
      t = (total - T(1)) / T(static_cast<double>(k + 1));
    }
    return t;
  }
};

template <class Op>
Var arg_extremum(Arg x, int axis, bool keepdims, Tie tie) {
  return apply(Op::along(normalize_axis(Op::info.name, axis, x.var().rank()), keepdims, tie), {x});
}

template <class Op>
Var arg_extremum_of_all(Arg x) {
  if (x.var().size() == 0) {
    throw ShapeError(
        fmt::format("{}: {} has no elements", Op::info.name, to_string(x.var().shape())));
  }
  detail::require_real(Op::info.name, x.var().type());
  return apply(Op::along(0, false, Tie::first), {Arg(reshape(x, {-1}), x.at())});
}

}  // namespace

Var median(Arg x) { return detail::reduce_all(Median{}, x); }
Var median(Arg x, Axes axes, bool keepdims) {
  return detail::reduce_axes(Median{}, x, axes, keepdims);
}

Var argmax(Arg x) { return arg_extremum_of_all<ArgMax>(x); }
Var argmax(Arg x, int axis, bool keepdims, Tie tie) {
  return arg_extremum<ArgMax>(x, axis, keepdims, tie);
}
Var argmin(Arg x) { return arg_extremum_of_all<ArgMin>(x); }
Var argmin(Arg x, int axis, bool keepdims, Tie tie) {
  return arg_extremum<ArgMin>(x, axis, keepdims, tie);
}

Var sparsemax(Arg x, int axis) {
  return apply(SparseMax{normalize_axis("sparsemax", axis, x.var().rank())}, {x});
}

std::span<const OpEntry> order_statistics_ops() {
  return OpList<Median, ArgMax, ArgMin, SparseMax>::entries;
}

}  // namespace dtheta
