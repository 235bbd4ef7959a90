#include "autodiff/ops/reduction/quantile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/sort.hpp"

namespace dtheta {
namespace {

enum class Rank { kth, median, nanmedian, mode };

/// Where the element of a rank is along an axis, which is kept with size 1.
struct RankIndex {
  Rank rank = Rank::kth;
  int axis = 0;
  Index k = 0;  // from 0
  friend constexpr bool operator==(const RankIndex&, const RankIndex&) = default;

  static constexpr OpInfo info{.name = "rank_index", .differentiable = false};
  static constexpr OpRule rule{"y = where the element of a rank is along an axis"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    return {detail::replaced(in[0].shape, axis, 1), Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    if (s.n == 0) return;
    std::vector<Index> order(static_cast<std::size_t>(s.n));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const T* x = call.input(0) + o * s.n * s.inner + j;
        call.index_output()[o * s.inner + j] = find(x, s.inner, order);
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(RankIndex{rank, axis + 1, k}, {b[0]});
  }
  static std::vector<Sample<RankIndex>> samples() {
    std::vector<Sample<RankIndex>> list;
    for (const Rank r : {Rank::kth, Rank::median, Rank::nanmedian, Rank::mode}) {
      list.push_back({{r, 0, 2}, {real({5})}});
      list.push_back({{r, 1, 1}, {real({3, 4})}});
      list.push_back({{r, 1, 0}, {real({2, 3, 2})}});
      list.push_back({{r, 0, 1}, {given({5}, {2, 1, 2, 1, 3})}});
    }
    return list;
  }

 private:
  template <class T>
  Index find(const T* x, Index step, std::vector<Index>& order) const {
    const auto at = [&](Index i) { return x[i * step]; };
    const auto n = static_cast<Index>(order.size());
    Index numbers = 0;  // NaN stands behind them
    for (Index i = 0; i < n; ++i) {
      order[static_cast<std::size_t>(i)] = i;
      numbers += at(i) == at(i) ? 1 : 0;
      if (rank == Rank::median && at(i) != at(i)) return i;
    }
    const auto earlier = [&](Index a, Index b) {
      const T u = at(a), v = at(b);
      const bool level = u == v || (u != u && v != v);
      return level ? a < b : u < v || v != v;
    };
    if (rank == Rank::mode) return most_frequent(at, earlier, order);
    Index place = k;
    if (rank == Rank::median) place = (n - 1) / 2;
    if (rank == Rank::nanmedian) place = std::max<Index>(numbers - 1, 0) / 2;
    std::ranges::nth_element(order, order.begin() + place, earlier);
    return order[static_cast<std::size_t>(place)];
  }
  /// A NaN equals no other element.
  template <class At, class Earlier>
  static Index most_frequent(At at, Earlier earlier, std::vector<Index>& order) {
    std::ranges::sort(order, earlier);
    std::size_t best = 0, most = 0;  // the last of those that are equal, and how many
    for (std::size_t i = 0; i < order.size();) {
      std::size_t end = i + 1;
      while (end < order.size() && at(order[end]) == at(order[i])) ++end;
      if (end - i > most) best = end - 1, most = end - i;
      i = end;
    }
    return order[best];
  }
};

void require_elements(std::string_view op, const Shape& s, int axis) {
  if (s[axis] > 0) return;
  throw ShapeError(fmt::format("{}: {} has no elements along axis {}", op, to_string(s), axis));
}

Ranked ranked(Arg x, const RankIndex& op, bool keepdims) {
  const Var indices = apply(op, {x});
  const Ranked r{take_along_axis(x, indices, op.axis), indices};
  return keepdims ? r : Ranked{squeeze(r.values, op.axis), squeeze(r.indices, op.axis)};
}

/// All elements in one axis. The op's name comes first in what is wrong with x.
Arg all_of(std::string_view op, Arg x) {
  detail::require_real(op, x.var().type());
  return {reshape(x, {x.var().size()}), x.at()};
}

Ranked ranked(std::string_view op, Arg x, Rank rank, int axis, bool keepdims) {
  detail::require_real(op, x.var().type());
  const int a = normalize_axis(op, axis, x.var().rank());
  require_elements(op, x.var().shape(), a);
  return ranked(x, {rank, a, 0}, keepdims);
}

/// Of sorted elements the one at a place that need not be an integer.
Var at_place(Var sorted, double place, int axis, Between between) {
  if (between == Between::nearest) place = std::nearbyint(place);
  const double below = std::floor(place), above = std::ceil(place);
  const auto element = [&](double i) {
    const auto at = static_cast<Index>(i);
    return slice(sorted, axis, {at, at + 1});
  };
  if (below == above || between == Between::lower) return element(below);
  if (between == Between::higher) return element(above);
  const Var low = element(below), high = element(above);
  const double part = between == Between::midpoint ? 0.5 : place - below;
  // Equal ones are their own mean, be they infinite.
  return where(equal(low, high), low, low + part * (high - low));
}

/// x with 0 for NaN; `op` is who asks.
Var without_nan(std::string_view op, Arg x) {
  detail::require_real(op, x.var().type());
  return where(is_nan(x), 0, x);
}

}  // namespace

Ranked kthvalue(Arg x, Index k, int axis, bool keepdims) {
  const Shape& s = x.var().shape();
  detail::require_real("kthvalue", x.var().type());
  const int a = normalize_axis("kthvalue", axis, s.rank());
  if (k < 1 || k > s[a]) {
    throw ValueError(
        fmt::format("kthvalue: k = {} is not between 1 and the {} elements of axis {} "
                    "of {}",
                    k, s[a], a, to_string(s)));
  }
  return ranked(x, {Rank::kth, a, k - 1}, keepdims);
}

Ranked median_along(Arg x, int axis, bool keepdims) {
  return ranked("median_along", x, Rank::median, axis, keepdims);
}
Ranked nanmedian_along(Arg x, int axis, bool keepdims) {
  return ranked("nanmedian_along", x, Rank::nanmedian, axis, keepdims);
}
Var nanmedian(Arg x) {
  return ranked("nanmedian", all_of("nanmedian", x), Rank::nanmedian, 0, false).values;
}
Ranked mode(Arg x, int axis, bool keepdims) {
  return ranked("mode", x, Rank::mode, axis, keepdims);
}

Var quantile(Arg x, std::span<const double> qs, int axis, bool keepdims, Between between) {
  const Shape& s = x.var().shape();
  detail::require_real("quantile", x.var().type());
  const int a = normalize_axis("quantile", axis, s.rank());
  require_elements("quantile", s, a);
  if (qs.empty()) throw ValueError("quantile: no q is given");
  const Var sorted = sort(x, a);
  // NaN stands behind all others: where there is one, it is the last.
  const Var last = slice(sorted, a, {s[a] - 1, s[a]});
  std::vector<Var> results;
  for (const double q : qs) {
    if (!(q >= 0 && q <= 1)) {
      throw ValueError(
          fmt::format("quantile: q = {} for {} is not between 0 and 1", q, to_string(s)));
    }
    const Var r = at_place(sorted, q * static_cast<double>(s[a] - 1), a, between);
    const Var known = where(is_nan(last), last, r);
    results.push_back(keepdims ? known : squeeze(known, a));
  }
  return stack(results, 0);
}

Var quantile(Arg x, double q, int axis, bool keepdims, Between between) {
  return select(quantile(x, std::span(&q, 1), axis, keepdims, between), 0, 0);
}
Var quantile(Arg x, double q) { return quantile(all_of("quantile", x), q, 0); }

Var nansum(Arg x) { return sum(without_nan("nansum", x)); }
Var nansum(Arg x, Axes axes, bool keepdims) {
  const Axes checked = normalize_axes("nansum", axes, x.var().rank());
  return sum(without_nan("nansum", x), checked, keepdims);
}
Var nanmean(Arg x) {
  const Var total = sum(without_nan("nanmean", x));  // first: it knows the op's name
  return total / sum(1 - is_nan(x));
}
Var nanmean(Arg x, Axes axes, bool keepdims) {
  const Axes checked = normalize_axes("nanmean", axes, x.var().rank());
  const Var total = sum(without_nan("nanmean", x), checked, keepdims);
  return total / sum(1 - is_nan(x), checked, keepdims);
}

std::span<const OpEntry> quantile_ops() { return OpList<RankIndex>::entries; }

}  // namespace dtheta
