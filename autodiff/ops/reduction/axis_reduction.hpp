#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::detail {

/// The base of ops that reduce `count` adjacent axes starting at `first`. The op itself has
/// `needs_elements`: whether an empty run of them is an error.
template <class Self>
struct AxisReduction {
  int first = 0;
  int count = 0;
  bool keepdims = false;
  friend constexpr bool operator==(const AxisReduction&, const AxisReduction&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    require_real(Self::info.name, in);
    const Shape& s = in[0].shape;
    if (static_cast<const Self&>(*this).needs_elements && AxisSplit(s, first, count).n == 0) {
      throw ShapeError(fmt::format("{}: {} has no elements along the reduced axes", Self::info.name,
                                   to_string(s)));
    }
    return {reduced_shape(s, first, count, keepdims), Kind::real};
  }

  [[nodiscard]] AxisSplit split(const Shape& shape) const { return {shape, first, count}; }

  /// v, which has the result's shape, with the reduced axes back as axes of size 1.
  [[nodiscard]] Var expanded(Var v, Shape in) const {
    return reshape(v, reduced_shape(in, first, count, true));
  }
  /// The reduced axes.
  [[nodiscard]] Axes axes() const {
    std::array<int, max_rank> list{};
    for (int i = 0; i < count; ++i) list[static_cast<std::size_t>(i)] = first + i;
    return Axes(std::span<const int>(list.data(), static_cast<std::size_t>(count)));
  }

  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(over(static_cast<const Self&>(*this), first + 1, count, keepdims), {b[0]});
  }

  /// `op` over other axes.
  [[nodiscard]] static Self over(Self op, int first, int count, bool keepdims) {
    op.first = first;
    op.count = count;
    op.keepdims = keepdims;
    return op;
  }
  /// Samples of many shapes for one setting of the op's other attributes.
  [[nodiscard]] static std::vector<Sample<Self>> samples_of(const Self& op, Domain domain = {}) {
    std::vector<Sample<Self>> list{{over(op, 0, 0, false), {real({}, domain)}},
                                   {over(op, 0, 1, false), {real({5}, domain)}},
                                   {over(op, 0, 1, true), {real({1}, domain)}},
                                   {over(op, 0, 1, false), {real({3, 4}, domain)}},
                                   {over(op, 1, 1, true), {real({3, 4}, domain)}},
                                   {over(op, 0, 2, false), {real({3, 4}, domain)}},
                                   {over(op, 1, 1, false), {real({2, 3, 4}, domain)}},
                                   {over(op, 1, 2, true), {real({2, 3, 2}, domain)}},
                                   {over(op, 0, 1, false), {real({40, 2}, domain)}},
                                   {over(op, 1, 1, false), {real({0, 3}, domain)}},
                                   {over(op, 1, 1, false), {real({2, 1, 3}, domain)}}};
    if (!op.needs_elements) list.push_back({over(op, 0, 1, false), {real({0, 3}, domain)}});
    return list;
  }
};

/// Records a reduction over any axes, with the other attributes as in `op`. Kernels take adjacent
/// axes: others are moved to the back first, and put back as axes of size 1 when they are to be
/// kept.
template <class Op>
[[nodiscard]] Var reduce_axes(const Op& op, Arg x, const Axes& axes, bool keepdims) {
  const Shape shape = x.var().shape();
  const Axes sorted = normalize_axes(Op::info.name, axes, shape.rank());
  const int count = sorted.size(), first = count > 0 ? sorted[0] : 0;
  if (count == 0 || sorted[count - 1] - first + 1 == count) {
    return apply(Op::over(op, first, count, keepdims), {x});
  }
  std::array<int, max_rank> order{};
  std::array<Index, max_rank> kept_dims{};
  const auto rank = static_cast<std::size_t>(shape.rank());
  std::size_t front = 0, back = rank - static_cast<std::size_t>(count);
  for (int i = 0; i < shape.rank(); ++i) {
    const bool reduced = std::ranges::find(sorted, i) != sorted.end();
    order[reduced ? back++ : front++] = i;
    kept_dims[static_cast<std::size_t>(i)] = reduced ? 1 : shape[i];
  }
  const Var moved = permute(x, Axes(std::span<const int>(order.data(), rank)));
  const Var result = apply(Op::over(op, shape.rank() - count, count, false), {Arg(moved, x.at())});
  return keepdims ? reshape(result, Shape(std::span<const Index>(kept_dims.data(), rank))) : result;
}

/// The same over all axes.
template <class Op>
[[nodiscard]] Var reduce_all(const Op& op, Arg x) {
  return reduce_axes(op, x, all_axes(x.var().rank()), false);
}

}  // namespace dtheta::detail
