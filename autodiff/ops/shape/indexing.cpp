#include "autodiff/ops/shape/indexing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing_form.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

using detail::replaced, detail::require_indices;

/// indices[position] counted from the front; ValueError when it is outside [-n, n).
Index checked(std::string_view op, const Index* indices, Index position, Index n) {
  const Index i = indices[position];
  if (i < -n || i >= n) {
    throw ValueError(fmt::format("{}: index {} at position {} is out of range for {} elements", op,
                                 i, position, n));
  }
  return i < 0 ? i + n : i;
}

struct Take {
  int axis = 0;
  std::string_view caller = "take";  // whom errors name
  friend constexpr bool operator==(const Take&, const Take&) = default;

  static constexpr OpInfo info{.name = "take", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x[i] along an axis", "dy = dx[i]"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(caller, in[1]);
    return {replaced(in[0].shape, axis, 1, in[1].shape.dims()), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    if (call.out_type->kind == Kind::index)
      gather(call, call.indices(0), call.index_output());
    else
      gather(call, call.input(0), call.output());
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? scatter_add(c, p[1], axis, p[0].shape()[axis]) : Var{};
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    if (!b.is_batched(1)) return apply(Take{axis + 1, caller}, {b[0], b[1]});
    std::vector<Var> each;
    for (Index k = 0; k < b.size; ++k) {
      const Var x = b.is_batched(0) ? select(b[0], 0, k) : b[0];
      each.push_back(expand_dims(apply(*this, {x, select(b[1], 0, k)}), 0));
    }
    return concat(each, 0);
  }
  static std::vector<Sample<Take>> samples() {
    return {{{0}, {real({4, 3}), index({3}, {2, 0, 2})}},
            {{1}, {real({2, 5}), index({2, 2}, {4, 1, -1, 0})}},
            {{1}, {real({2, 3, 2}), index({}, {1})}},
            {{0}, {real({3}), index({5}, {0, 1, 2, 1, 0})}}};
  }

 private:
  template <class T, class E>
  void gather(const Call<T>& call, const E* x, E* out) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const Index count = call.shape(1).size();
    for (Index o = 0; o < s.outer; ++o) {
      for (Index k = 0; k < count; ++k, out += s.inner) {
        const Index at = checked(caller, call.indices(1), k, s.n);
        std::copy_n(x + (o * s.n + at) * s.inner, s.inner, out);
      }
    }
  }
};

struct ScatterAdd {
  int axis = 0;
  Index size = 0;
  friend constexpr bool operator==(const ScatterAdd&, const ScatterAdd&) = default;

  static constexpr OpInfo info{.name = "scatter_add", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[k] = the sum of x[j] over all j with i[j] = k",
                               "dy = scatter_add(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(info.name, in[1]);
    const Shape &x = in[0].shape, &at = in[1].shape;
    const bool fits = x.rank() >= axis + at.rank() &&
                      std::ranges::equal(at, x.dims().subspan(static_cast<std::size_t>(axis),
                                                              static_cast<std::size_t>(at.rank())));
    if (!fits) {
      throw ShapeError(fmt::format("scatter_add: {} does not have the axes of the indices {} at {}",
                                   to_string(x), to_string(at), axis));
    }
    return {replaced(x, axis, at.rank(), std::span(&size, 1)), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.out_shape(), axis, 1);
    const Index count = call.shape(1).size();
    const T* x = call.input(0);
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for (Index o = 0; o < s.outer; ++o) {
      for (Index k = 0; k < count; ++k, x += s.inner) {
        const Index at = checked(info.name, call.indices(1), k, s.n);
        T* out = call.output() + (o * s.n + at) * s.inner;
        for (Index j = 0; j < s.inner; ++j) out[j] += x[j];
      }
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? take(c, p[1], axis) : Var{};
  }
  static std::vector<Sample<ScatterAdd>> samples() {
    return {{{0, 4}, {real({3, 2}), index({3}, {2, 0, 2})}},
            {{1, 5}, {real({2, 2, 2}), index({2, 2}, {4, 1, -1, 0})}},
            {{1, 3}, {real({2, 2}), index({}, {1})}}};
  }
};

struct OneHot {
  Index classes = 0;
  friend constexpr bool operator==(const OneHot&, const OneHot&) = default;

  static constexpr OpInfo info{.name = "one_hot", .analytic = true, .differentiable = false};
  static constexpr OpRule rule{"y = 1 at each label along a new last axis, else 0"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(info.name, in[0]);
    return {replaced(in[0].shape, in[0].shape.rank(), 0, std::span(&classes, 1)), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for (Index k = 0; k < call.shape(0).size(); ++k) {
      call.output()[k * classes + checked(info.name, call.indices(0), k, classes)] = T(1);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<OneHot>> samples() {
    return {{{4}, {index({3}, {2, 0, 3})}}, {{2}, {index({}, {1})}}};
  }
};

}  // namespace

Var take(Arg x, Arg indices, int axis) {
  return apply(Take{normalize_axis("take", axis, x.var().rank())}, {x, indices});
}

Var scatter_add(Arg x, Arg indices, int axis, Index size) {
  const int rank = x.var().rank() - indices.var().rank() + 1;
  return apply(ScatterAdd{normalize_axis("scatter_add", axis, rank), size}, {x, indices});
}

Var embedding(Arg table, Arg indices) {
  if (table.var().rank() != 2) {
    throw ShapeError(fmt::format("embedding: the table has shape {}, (count, width) is needed",
                                 to_string(table.var().shape())));
  }
  return apply(Take{0, "embedding"}, {table, indices});
}

Var one_hot(Arg indices, Index classes) { return apply(OneHot{classes}, {indices}); }

std::optional<ScatterAddForm> as_scatter_add(const Node& node) {
  if (node.op != &record_of<ScatterAdd>) return std::nullopt;
  return ScatterAddForm{static_cast<const ScatterAdd*>(node.attributes)->axis};
}

std::optional<int> take_axis(const Node& node) {
  if (node.op != &record_of<Take>) return {};
  return static_cast<const Take*>(node.attributes)->axis;
}

std::span<const OpEntry> index_ops() { return OpList<Take, ScatterAdd, OneHot>::entries; }

}  // namespace dtheta
