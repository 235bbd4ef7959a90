#include "autodiff/ops/shape/scatter_reduce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "autodiff/axes.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/segmented_scan.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/shape/along_axis.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::AlongAxis;

Var filled(Var like, double value) {
  return broadcast_to(like.tape().constant(value), like.shape());
}

/// 1 where no update goes, else 0, in the shape of x.
Var untouched(Var x, Var at, int axis) {
  return put_along_axis(filled(x, 1), at, broadcast_to(x.tape().constant(0.0), at.shape()), axis);
}

/// The largest or smallest of the updates for each place, and of x there. What is due to it is
/// shared by those that are equal to it.
template <class Self>
struct Extremum : detail::Scatter<Self, AlongAxis> {
  bool include_self = true;
  friend constexpr bool operator==(const Extremum&, const Extremum&) = default;

  static Self make(int axis, bool include_self) {
    Self op;
    op.axis = axis;
    op.include_self = include_self;
    return op;
  }
  template <class T>
  void forward(const Call<T>& call) const {
    T* out = call.output();
    const auto worst = static_cast<T>(Self::largest ? -1 : 1) * std::numeric_limits<T>::infinity();
    this->visit_all(call,
                    [&](Index to, Index, Index) { out[to] = include_self ? out[to] : worst; });
    this->for_each(Self::info.name, call.shape(0), call.shape(1), call.indices(1),
                   [&](Index to, Index from, Index) {
                     const T u = call.input(2)[from];
                     const bool wins = Self::largest ? u > out[to] : u < out[to];
                     if (wins || u != u) out[to] = u;
                   });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 1) return {};
    const Var at = p[1], best = p.out, best_at = take_along_axis(best, at, this->axis);
    const Var own = include_self ? equal(p[0], best) : untouched(p[0], at, this->axis);
    const Var hits = equal(p[2], best_at);
    const Var share = detail::xdivy(c, scatter_add_along_axis(own, at, hits, this->axis));
    if (i == 0) {
      const Var none = include_self ? is_nan(best) : filled(best, 0);
      return detail::keep_nan(where(own + none, share, 0), include_self ? best : p[0]);
    }
    const Var share_at = take_along_axis(share, at, this->axis);
    return detail::keep_nan(where(hits + is_nan(best_at), share_at, 0), best_at);
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    for (const bool with_self : {true, false}) {
      for (const auto& [address, x, indices] : AlongAxis::places()) {
        list.push_back({make(address.axis, with_self), {real(x), indices, real(indices.shape)}});
      }
      list.push_back({make(0, with_self),
                      {given({2}, {1, 2}), index({3}, {0, 1, 1}), given({3}, {1, 3, 3})},
                      Smoothness::corner});
    }
    return list;
  }
};

struct ScatterMax : Extremum<ScatterMax> {
  static constexpr OpInfo info{.name = "scatter_max", .arity = 3};
  static constexpr OpRule rule{"y[k] = the largest of x[k] and all u[j] with i[j] = k",
                               "dy = the mean of dx and du over those equal to y"};
  static constexpr bool largest = true;
};
struct ScatterMin : Extremum<ScatterMin> {
  static constexpr OpInfo info{.name = "scatter_min", .arity = 3};
  static constexpr OpRule rule{"y[k] = the smallest of x[k] and all u[j] with i[j] = k",
                               "dy = the mean of dx and du over those equal to y"};
  static constexpr bool largest = false;
};

/// Errors name whoever was called.
struct PlainIndices {
  Index size = 0;
  std::string_view caller = "scatter_reduce";
  friend constexpr bool operator==(const PlainIndices&, const PlainIndices&) = default;

  static constexpr OpInfo info{.name = "plain_indices", .differentiable = false};
  static constexpr OpRule rule{"y = indices counted from the front"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_indices(caller, in[0]);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    for (Index i = 0; i < call.out_shape().size(); ++i) {
      call.index_output()[i] = detail::checked_index(caller, call.indices(0), i, size);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<PlainIndices>> samples() {
    return {{{4}, {index({5}, {2, 0, -4, -1, 3})}},
            {{1}, {index({2, 1}, {0, -1})}},
            {{0}, {index({0}, {})}}};
  }
};

/// The order of indices along an axis that brings those of one place together, the first first.
struct IndexOrder {
  int axis = 0;
  friend constexpr bool operator==(const IndexOrder&, const IndexOrder&) = default;

  static constexpr OpInfo info{.name = "index_order", .differentiable = false};
  static constexpr OpRule rule{"y = an order that brings equal indices together, the first first"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_indices(info.name, in[0]);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    std::vector<Index> order(static_cast<std::size_t>(s.n));
    for (Index line = 0; line < s.outer * s.inner; ++line) {
      const Index start = line / s.inner * s.n * s.inner + line % s.inner;
      std::iota(order.begin(), order.end(), Index{0});
      std::ranges::stable_sort(order, {},
                               [&](Index i) { return call.indices(0)[start + i * s.inner]; });
      for (Index i = 0; i < s.n; ++i) {
        call.index_output()[start + i * s.inner] = order[static_cast<std::size_t>(i)];
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<IndexOrder>> samples() {
    return {{{0}, {index({5}, {2, 0, 2, 3, 1})}},
            {{1}, {index({2, 3}, {2, 1, 2, 0, 0, 0})}},
            {{0}, {index({0}, {})}}};
  }
};

/// 1 for each index along an axis that is not that of the one before, and for the first.
struct IndexStarts {
  int axis = 0;
  friend constexpr bool operator==(const IndexStarts&, const IndexStarts&) = default;

  static constexpr OpInfo info{.name = "index_starts", .differentiable = false};
  static constexpr OpRule rule{"y = 1 where an index is not that before it, else 0"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_indices(info.name, in[0]);
    return {in[0].shape, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const Index* at = call.indices(0);
    for (Index i = 0; i < call.out_shape().size(); ++i) {
      const bool first = i / s.inner % s.n == 0;
      call.output()[i] = T(first || at[i] != at[i - s.inner] ? 1 : 0);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<IndexStarts>> samples() {
    return {{{0}, {index({5}, {0, 1, 1, 2, 2})}},
            {{0}, {index({3, 2}, {0, 0, 0, 1, 2, 1})}},
            {{0}, {index({0}, {})}}};
  }
};

/// The product of each place as the last of its running products, updates of one place side by
/// side: exact where factors are zero, as are the derivatives of a scan.
Var product(Var x, Var at, Var u, int axis, bool include_self) {
  const Var order = apply(IndexOrder{axis}, {at});
  const Var places = take_along_axis(at, order, axis), factors = take_along_axis(u, order, axis);
  const Var starts = apply(IndexStarts{axis}, {places});
  const Var first = include_self ? factors * take_along_axis(x, places, axis) : factors;
  const Var running = detail::segmented_scan(factors, where(starts, first, 0), starts, axis);
  return put_along_axis(x, places, running, axis);
}

Var mean(Var x, Var at, Var u, int axis, bool include_self) {
  const Var none = broadcast_to(x.tape().constant(0.0), at.shape());
  const Var own = include_self ? x : put_along_axis(x, at, none, axis);
  const Var one = include_self ? filled(x, 1) : untouched(x, at, axis);
  const Var count = scatter_add_along_axis(one, at, none + 1, axis);
  return scatter_add_along_axis(own, at, u, axis) / count;
}

Var reduced(std::string_view caller, Arg x, Arg indices, Arg updates, int axis, Reduce how,
            bool include_self) {
  const Var v = x.var(), u = updates.var();
  detail::require_real(caller, v.type());
  detail::require_real(caller, u.type());
  const Shape& at_shape = indices.var().shape();
  const Shape wanted = AlongAxis{axis}.updates_shape(caller, v.shape(), at_shape);
  if (u.shape() != wanted) {
    throw ShapeError(fmt::format("{}: updates {} for x {} at indices {}: {} is needed", caller,
                                 to_string(u.shape()), to_string(v.shape()), to_string(at_shape),
                                 to_string(wanted)));
  }
  const Var at = apply(PlainIndices{v.shape()[axis], caller}, {indices});
  switch (how) {
    case Reduce::prod:
      return product(v, at, u, axis, include_self);
    case Reduce::mean:
      return mean(v, at, u, axis, include_self);
    case Reduce::amax:
      return apply(ScatterMax::make(axis, include_self), {x, at, updates});
    case Reduce::amin:
      return apply(ScatterMin::make(axis, include_self), {x, at, updates});
    case Reduce::sum:
      break;
  }
  const Var none = broadcast_to(v.tape().constant(0.0), at.shape());
  return scatter_add_along_axis(include_self ? v : put_along_axis(v, at, none, axis), at, u, axis);
}

}  // namespace

Var scatter_reduce(Arg x, Arg indices, Arg updates, int axis, Reduce how, bool include_self) {
  const int a = normalize_axis("scatter_reduce", axis, x.var().rank());
  return reduced("scatter_reduce", x, indices, updates, a, how, include_self);
}

Var index_reduce(Arg x, Arg indices, Arg updates, int axis, Reduce how, bool include_self) {
  const Shape &s = x.var().shape(), &at = indices.var().shape(), &u = updates.var().shape();
  const int a = normalize_axis("index_reduce", axis, s.rank());
  detail::require_indices("index_reduce", indices.var().type());
  if (at.rank() != 1 || u != detail::replaced(s, a, at[0])) {
    throw ShapeError(fmt::format(
        "index_reduce: updates {} at indices {} for x {}: a vector of indices, and as many slices "
        "of x along axis {}, are needed",
        to_string(u), to_string(at), to_string(s), a));
  }
  std::vector<Index> dims(static_cast<std::size_t>(s.rank()), 1);
  dims[static_cast<std::size_t>(a)] = at[0];
  const Var spread = broadcast_to(reshape(indices, Shape(dims)), u);
  return reduced("index_reduce", x, Arg(spread, indices.at()), updates, a, how, include_self);
}

std::span<const OpEntry> scatter_reduce_ops() {
  return OpList<ScatterMax, ScatterMin, PlainIndices, IndexOrder, IndexStarts>::entries;
}

}  // namespace dtheta
