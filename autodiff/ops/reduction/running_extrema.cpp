#include "autodiff/ops/reduction/running_extrema.hpp"

// Running maxima and minima, and the smooth maximum among them.

#include <cmath>
#include <limits>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/scan_rows.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::for_each_row, detail::scan_with_links, detail::shifted;

/// What the ops with one attribute, the axis, share.
template <class Self>
struct AlongAxis {
  int axis = 0;
  friend constexpr bool operator==(const AlongAxis&, const AlongAxis&) = default;

  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(Self::info.name, in);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const T* x = call.input(0);
    T* y = call.output();
    for_each_row(s, false, [&](Index row, Index before) {
      for (Index j = 0; j < s.inner; ++j) {
        y[row + j] = before < 0 ? x[row + j] : Self::combine(y[before + j], x[row + j]);
      }
    });
  }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(along(axis + 1), {b[0]}); }
  static Self along(int axis) {
    Self op;
    op.axis = axis;
    return op;
  }
  static std::vector<Sample<Self>> samples() {
    return {{along(0), {real({5}, {-3, 3})}},
            {along(0), {real({3, 2}, {-3, 3})}},
            {along(1), {real({3, 4}, {-3, 3})}},
            {along(1), {real({2, 3, 2}, {-3, 3})}},
            {along(2), {real({2, 1, 12}, {-3, 3})}},
            {along(1), {real({2, 1})}},
            {along(1), {real({2, 0})}},
            {along(0), {real({0, 2})}},
            {along(0), {given({4}, {-30, 10, 11, -60})}},
            {along(0), {given({3}, {3e30, 1e30, 5e30})}}};
  }
};

/// Here e^(x[k] - y[i]) is e^(x[k] - y[k]), the part of x[k] where it is added, times the factors
/// e^(y[j] - y[j+1]) from k to i, the parts of what was there before, none of them above 1.
struct LogCumSumExp : AlongAxis<LogCumSumExp> {
  static constexpr OpInfo info{.name = "logcumsumexp"};
  static constexpr OpRule rule{"y[i] = log of the sum of e^x[k] over k <= i",
                               "dy[i] = the sum of e^(x[k] - y[i]) dx[k] over k <= i"};
  template <class T>
  static T combine(T a, T b) {
    using std::abs, std::exp, std::log1p;
    if (a == b) return a + log1p(T(1));
    return (a > b ? a : b) + log1p(exp(-abs(a - b)));
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    // Both factors from what was added, not as e^(x[i] - y[i]) and e^(y[i] - y[i+1]): large sums
    // are rounded by more than the differences.
    const double infinity = std::numeric_limits<double>::infinity();
    const Var before = shifted(p.out, axis, false, -infinity);
    // The first is all of its sum, even if it is -infinity: nothing comes before.
    const Var zero = broadcast_to(p.out.tape().constant(0.0), p.out.shape());
    const Var own = where(shifted(zero, axis, false, 1), 1, logaddexp_slope(p[0], before));
    const Var link = shifted(logaddexp_slope(before, p[0]), axis, true, 0);
    // link[i] stands between i and i + 1, so the scan from the back enters i by link[i].
    return own * scan_with_links(link, c, axis, true, false);
  }
};

/// What cummax and cummin share.
template <class Self>
struct Record : AlongAxis<Self> {
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    // From a NaN on all results are: what they receive stays where they are.
    const Var attains = equal(p[0], p.out) + is_nan(p.out);
    const Var total = scan_with_links(1 - attains, c, this->axis, true, true);
    return detail::keep_nan(where(attains, total, 0), p.out);
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list = AlongAxis<Self>::samples();
    list.push_back({Self::along(0), {given({3}, {1, 1, 0})}, Smoothness::corner});
    list.push_back({Self::along(0), {given({4}, {0, 2, -1, 2})}, Smoothness::corner});
    list.push_back({Self::along(0), {given({3}, {2, -1, -1})}, Smoothness::corner});
    return list;
  }
};

struct CumMax : Record<CumMax> {
  static constexpr OpInfo info{.name = "cummax"};
  static constexpr OpRule rule{"y[i] = the largest of x[k], k <= i",
                               "dy[i] = dx[k], k <= i the last that attains y[i]"};
  template <class T>
  static T combine(T a, T b) {
    return b > a || b != b ? b : a;
  }
};

struct CumMin : Record<CumMin> {
  static constexpr OpInfo info{.name = "cummin"};
  static constexpr OpRule rule{"y[i] = the smallest of x[k], k <= i",
                               "dy[i] = dx[k], k <= i the last that attains y[i]"};
  template <class T>
  static T combine(T a, T b) {
    return b < a || b != b ? b : a;
  }
};

template <class Extrema>
struct RecordIndices {
  int axis = 0;
  friend constexpr bool operator==(const RecordIndices&, const RecordIndices&) = default;

  static constexpr OpInfo info{.name = Extrema::indices, .differentiable = false};
  static constexpr OpRule rule{"y[i] = the last k <= i at which the running extremum is attained"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    return {in[0].shape, Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    if (call.out_shape().size() == 0) return;
    const T* x = call.input(0);
    Index* out = call.index_output();
    for_each_row(s, false, [&](Index row, Index before) {
      const Index place = row / s.inner % s.n;
      for (Index j = 0; j < s.inner; ++j) {
        Index& found = out[row + j];
        found = place;
        if (before < 0) continue;
        const Index so_far = out[before + j];
        const T best = x[row + j - (place - so_far) * s.inner], next = x[row + j];
        const bool keeps = best != best ? next == next : next == next && Extrema::beats(best, next);
        if (keeps) found = so_far;
      }
    });
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  [[nodiscard]] Var batch(const Batch& b) const { return apply(RecordIndices{axis + 1}, {b[0]}); }
  static std::vector<Sample<RecordIndices>> samples() {
    return {{{0}, {real({5})}},
            {{1}, {real({3, 4})}},
            {{1}, {real({2, 3, 2})}},
            {{1}, {real({2, 0})}},
            {{0}, {given({4}, {1, 2, 2, 1})}}};
  }
};

struct OfMax {
  static constexpr std::string_view indices = "cummax_indices";
  template <class T>
  static bool beats(T best, T next) {
    return best > next;
  }
};
struct OfMin {
  static constexpr std::string_view indices = "cummin_indices";
  template <class T>
  static bool beats(T best, T next) {
    return best < next;
  }
};

template <class Op>
Var along(Arg x, int axis) {
  return apply(Op::along(normalize_axis(Op::info.name, axis, x.var().rank())), {x});
}

}  // namespace

Var logcumsumexp(Arg x, int axis) { return along<LogCumSumExp>(x, axis); }
Var cummax(Arg x, int axis) { return along<CumMax>(x, axis); }
Var cummin(Arg x, int axis) { return along<CumMin>(x, axis); }

Var cummax_indices(Arg x, int axis) {
  return apply(RecordIndices<OfMax>{normalize_axis("cummax_indices", axis, x.var().rank())}, {x});
}
Var cummin_indices(Arg x, int axis) {
  return apply(RecordIndices<OfMin>{normalize_axis("cummin_indices", axis, x.var().rank())}, {x});
}

std::span<const OpEntry> running_extremum_ops() {
  return OpList<LogCumSumExp, CumMax, CumMin, RecordIndices<OfMax>, RecordIndices<OfMin>>::entries;
}

}  // namespace dtheta
