#include "autodiff/ops/shape/sort.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/scatter.hpp"

namespace dtheta {
namespace {

/// a before b, with NaN behind all numbers (before them when descending).
template <class T>
bool before(T a, T b, bool descending) {
  if (descending) std::swap(a, b);
  return a < b || (a == a && b != b);
}

/// What the ordering ops share: the first `count` places along one axis.
template <class Self>
struct Ordering {
  int axis = 0;
  bool descending = false;
  friend constexpr bool operator==(const Ordering&, const Ordering&) = default;

  static Self make(int axis, bool descending) {
    Self s;
    s.axis = axis;
    s.descending = descending;
    return s;
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    for (bool descending : {false, true}) {
      const auto op = [&](int axis) { return make(axis, descending); };
      for (auto& s : std::vector<Sample<Self>>{{op(0), {real({5})}},
                                               {op(0), {real({4, 3})}},
                                               {op(1), {real({3, 4})}},
                                               {op(1), {real({2, 3, 2})}},
                                               {op(0), {real({1, 3})}},
                                               {op(0), {real({0})}},
                                               {op(1), {real({0, 3})}},
                                               {op(0), {real({33})}},
                                               {op(0), {given({3}, {1e30, -1e30, 1e-30})}}}) {
        list.push_back(s);
      }
      list.push_back({op(0), {given({3}, {2, 1, 2})}, Smoothness::corner});
    }
    return list;
  }
};

struct ArgSort : Ordering<ArgSort> {
  static constexpr Index all = -1;
  Index count = all;  // how many of them
  friend constexpr bool operator==(const ArgSort&, const ArgSort&) = default;

  static constexpr OpInfo info{.name = "argsort", .differentiable = false};
  static constexpr OpRule rule{"y = where the elements of sort(x) come from"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Index n = in[0].shape[axis];
    return {detail::replaced(in[0].shape, axis, count == all ? n : count), Kind::index};
  }
  /// One index for each element along the axis; a scalar may be half as wide as an index.
  [[nodiscard]] std::size_t scratch(Types in) const {
    return 2 * static_cast<std::size_t>(in[0].shape[axis]);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    static_assert(2 * sizeof(T) >= sizeof(Index));
    const AxisSplit s(call.shape(0), axis, 1);
    const Index kept = count == all ? s.n : count;
    const std::span order(reinterpret_cast<Index*>(call.workspace()),
                          static_cast<std::size_t>(s.n));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const T* x = call.input(0) + o * s.n * s.inner + j;
        std::iota(order.begin(), order.end(), Index{0});
        // Ties go by position, so that the order is the stable one.
        const auto earlier = [&](Index a, Index b) {
          const T u = x[a * s.inner], v = x[b * s.inner];
          return before(u, v, descending) || (!before(v, u, descending) && a < b);
        };
        if (kept == s.n)
          std::sort(order.begin(), order.end(), earlier);
        else
          std::partial_sort(order.begin(), order.begin() + kept, order.end(), earlier);
        Index* out = call.index_output() + o * kept * s.inner + j;
        for (Index i = 0; i < kept; ++i) {
          out[i * s.inner] = order[static_cast<std::size_t>(i)];
        }
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
};

struct Sort : Ordering<Sort> {
  static constexpr OpInfo info{.name = "sort"};
  static constexpr OpRule rule{"y = x in order", "dy = dx in that order"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(in[0].shape[axis]);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const std::span line(call.workspace(), static_cast<std::size_t>(s.n));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const Index start = o * s.n * s.inner + j;
        for (Index i = 0; i < s.n; ++i) {
          line[static_cast<std::size_t>(i)] = call.input(0)[start + i * s.inner];
        }
        std::sort(line.begin(), line.end(), [&](T a, T b) { return before(a, b, descending); });
        for (Index i = 0; i < s.n; ++i) {
          call.output()[start + i * s.inner] = line[static_cast<std::size_t>(i)];
        }
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return put_along_axis(detail::zeros(c.tape(), c.shape()), argsort(p[0], axis, descending), c,
                          axis);
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> t) const {
    return take_along_axis(t[0], argsort(p[0], axis, descending), axis);
  }
};

}  // namespace

Var sort(Arg x, int axis, bool descending) {
  return apply(Sort::make(normalize_axis("sort", axis, x.var().rank()), descending), {x});
}

Var argsort(Arg x, int axis, bool descending) {
  return apply(ArgSort::make(normalize_axis("argsort", axis, x.var().rank()), descending), {x});
}

TopK topk(Arg x, Index k, int axis, bool largest) {
  const Shape& s = x.var().shape();
  const int a = normalize_axis("topk", axis, s.rank());
  if (k < 0 || k > s[a]) {
    throw ValueError(fmt::format("topk: {} elements asked for of axis {} of {}, which has {}", k, a,
                                 to_string(s), s[a]));
  }
  if (x.var().is_index()) {
    throw TypeError(
        fmt::format("topk: operand {} holds indices, real values are needed", to_string(s)));
  }
  ArgSort op = ArgSort::make(a, largest);
  op.count = k;
  const Var indices = apply(op, {x});
  return {take_along_axis(x, indices, a), indices};
}

std::span<const OpEntry> sort_ops() { return OpList<Sort, ArgSort>::entries; }

}  // namespace dtheta
