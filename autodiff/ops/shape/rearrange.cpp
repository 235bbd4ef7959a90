#include "autodiff/ops/shape/rearrange.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/broadcast.hpp"
#include "autodiff/kernels/permute.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/rearrange_form.hpp"
#include "autodiff/ops/shape/turned.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::with_elements;

/// A shape with one more axis in front.
Shape behind(Index size, const Shape& shape) {
  std::array<Index, max_rank> dims{size};
  const auto rank = static_cast<std::size_t>(shape.rank());
  if (rank == max_rank) {
    throw ShapeError(fmt::format("batch: {} has no room for another axis", to_string(shape)));
  }
  std::ranges::copy(shape, dims.begin() + 1);
  return Shape(std::span<const Index>(dims.data(), rank + 1));
}

struct Reshape {
  Shape shape;
  friend constexpr bool operator==(const Reshape&, const Reshape&) = default;

  static constexpr OpInfo info{.name = "reshape", .analytic = true, .linear = true, .view = true};
  static constexpr OpRule rule{"y = x in another shape", "dy = reshape(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    if (in[0].shape.size() != shape.size()) {
      throw ShapeError(fmt::format("reshape: {} has {} elements, {} has {}", to_string(in[0].shape),
                                   in[0].shape.size(), to_string(shape), shape.size()));
    }
    return {shape, in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    with_elements(call, [&](auto* x, auto* out) { std::copy_n(x, shape.size(), out); });
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) { return reshape(c, p[0].shape()); }
  [[nodiscard]] Var batch(const Batch& b) const { return reshape(b[0], behind(b.size, shape)); }
  static std::vector<Sample<Reshape>> samples() {
    return {{{{6}}, {real({2, 3})}},
            {{{1, 3, 2}}, {real({6})}},
            {{{}}, {real({1, 1})}},
            {{{0, 5}}, {real({0})}}};
  }
};

struct Permute {
  Axes order;
  friend constexpr bool operator==(const Permute&, const Permute&) = default;

  static constexpr OpInfo info{.name = "permute", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x with its axes in another order", "dy = permute(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    std::array<Index, max_rank> dims{};
    for (int i = 0; i < order.size(); ++i)
      dims[static_cast<std::size_t>(i)] = in[0].shape[order[i]];
    return {Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(order.size()))),
            in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const auto from = strides_of(call.shape(0));
    std::array<Index, max_rank> strides{};
    for (int i = 0; i < order.size(); ++i) {
      strides[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>(order[i])];
    }
    with_elements(call, [&](auto* x, auto* out) {
      detail::permute_shared(call.out_shape(), strides, x, out, call.parallel);
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const {
    std::array<int, max_rank> inverse{};
    for (int i = 0; i < order.size(); ++i) inverse[static_cast<std::size_t>(order[i])] = i;
    return permute(
        c, Axes(std::span<const int>(inverse.data(), static_cast<std::size_t>(order.size()))));
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    std::vector<int> shifted{0};
    for (int axis : order) shifted.push_back(axis + 1);
    return permute(b[0], Axes(std::span<const int>(shifted)));
  }
  static std::vector<Sample<Permute>> samples() {
    return {{{{1, 0}}, {real({2, 3})}},       {{{1, 0}}, {real({17, 2})}},
            {{{2, 0, 1}}, {real({2, 3, 4})}}, {{{0, 2, 1}}, {real({2, 1, 3})}},
            {{{1, 0}}, {real({0, 3})}},       {{Axes{0}}, {real({3})}}};
  }
};

struct BroadcastTo {
  Shape shape;
  friend constexpr bool operator==(const BroadcastTo&, const BroadcastTo&) = default;

  static constexpr OpInfo info{.name = "broadcast_to", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x repeated to a shape", "dy = broadcast_to(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    if (!broadcasts_to(in[0].shape, shape)) {
      throw ShapeError(fmt::format("broadcast_to: {} does not broadcast to {}",
                                   to_string(in[0].shape), to_string(shape)));
    }
    return {shape, in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const BroadcastMap map(call.shape(0), shape);
    with_elements(call, [&](auto* x, auto* out) { map.load(x, 0, shape.size(), out); });
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) { return sum_to(c, p[0].shape()); }
  [[nodiscard]] Var batch(const Batch& b) const {
    std::vector<Index> dims{b.size};
    dims.insert(dims.end(), static_cast<std::size_t>(shape.rank() - (b[0].rank() - 1)), 1);
    dims.insert(dims.end(), b[0].shape().begin() + 1, b[0].shape().end());
    return broadcast_to(reshape(b[0], Shape(dims)), behind(b.size, shape));
  }
  static std::vector<Sample<BroadcastTo>> samples() {
    return {{{{2, 3}}, {real({3})}}, {{{2, 3}}, {real({2, 1})}},
            {{{4}}, {real({})}},     {{{2, 3, 2}}, {real({2, 1, 2})}},
            {{{0, 3}}, {real({3})}}, {{{2, 3, 4}}, {real({3, 1})}}};
  }
};

/// Whether axes of more than one element keep their order: no element moves in memory.
bool moves_nothing(const Shape& shape, const std::array<int, max_rank>& order) {
  int last = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    const int axis = order[static_cast<std::size_t>(i)];
    if (shape[axis] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

/// The shape of a result of `op`, which the error names if there is no such shape.
Shape shape_for(std::string_view op, std::span<const Index> dims) {
  try {
    return Shape(dims);
  } catch (const ShapeError& e) {
    throw ShapeError(fmt::format("{}: {}", op, e.what()));
  }
}

}  // namespace

Var reshape(Arg x, const Shape& shape) {
  if (x.var().shape() == shape) return x.var();
  return apply(Reshape{shape}, {x});
}

Var reshape(Arg x, std::span<const Index> dims) {
  const auto open = std::ranges::find(dims, Index{-1});
  if (open == dims.end()) return reshape(x, shape_for("reshape", dims));
  std::vector<Index> full(dims.begin(), dims.end());
  Index& left = full[static_cast<std::size_t>(open - dims.begin())];
  left = 1;
  const Index known = shape_for("reshape", full).size(), size = x.var().size();
  if (known == 0 || size % known != 0) {
    throw ShapeError(fmt::format("reshape: {} does not divide into ({})",
                                 to_string(x.var().shape()), fmt::join(dims, ", ")));
  }
  left = size / known;
  return reshape(x, Shape(full));
}

Var reshape(Arg x, std::initializer_list<Index> dims) {
  return reshape(x, std::span(dims.begin(), dims.size()));
}

Var flatten(Arg x, int first, int last) {
  const Shape& s = x.var().shape();
  if (s.rank() == 0) return reshape(x, {1});
  const int from = normalize_axis("flatten", first, s.rank());
  const int to = normalize_axis("flatten", last, s.rank());
  if (from > to) {
    throw ShapeError(
        fmt::format("flatten: axis {} comes after axis {} of {}", first, last, to_string(s)));
  }
  std::vector<Index> dims(s.begin(), s.begin() + from);
  dims.push_back(AxisSplit(s, from, to - from + 1).n);
  dims.insert(dims.end(), s.begin() + to + 1, s.end());
  return reshape(x, Shape(dims));
}

Var squeeze(Arg x) {
  std::vector<Index> dims;
  std::ranges::copy_if(x.var().shape(), std::back_inserter(dims), [](Index d) { return d != 1; });
  return reshape(x, Shape(dims));
}

Var squeeze(Arg x, Axes axes) {
  const Shape& s = x.var().shape();
  const Axes sorted = normalize_axes("squeeze", axes, s.rank());
  std::vector<Index> dims;
  for (int i = 0; i < s.rank(); ++i) {
    const bool goes = std::ranges::find(sorted, i) != sorted.end();
    if (goes && s[i] != 1) {
      throw ShapeError(
          fmt::format("squeeze: axis {} of {} has size {}, not 1", i, to_string(s), s[i]));
    }
    if (!goes) dims.push_back(s[i]);
  }
  return reshape(x, Shape(dims));
}

Var expand_dims(Arg x, int axis) {
  const Shape& s = x.var().shape();
  const int at = normalize_axis("expand_dims", axis, s.rank() + 1);
  std::vector<Index> dims(s.begin(), s.end());
  dims.insert(dims.begin() + at, 1);
  return reshape(x, shape_for("expand_dims", dims));
}

Var permute(Arg x, Axes order) {
  const int rank = x.var().rank();
  if (order.size() != rank) {
    throw ShapeError(
        fmt::format("permute: {} axes given for {}", order.size(), to_string(x.var().shape())));
  }
  static_cast<void>(normalize_axes("permute", order, rank));  // in range, and none twice
  std::array<int, max_rank> from_front{};
  for (int i = 0; i < rank; ++i) {
    from_front[static_cast<std::size_t>(i)] = normalize_axis("permute", order[i], rank);
  }
  if (moves_nothing(x.var().shape(), from_front)) {
    std::array<Index, max_rank> dims{};
    for (int i = 0; i < rank; ++i) {
      const auto at = static_cast<std::size_t>(i);
      dims[at] = x.var().shape()[from_front[at]];
    }
    return reshape(x, Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(rank))));
  }
  return apply(
      Permute{Axes(std::span<const int>(from_front.data(), static_cast<std::size_t>(rank)))}, {x});
}

Var transpose(Arg x) {
  std::array<int, max_rank> order{};
  const int rank = x.var().rank();
  for (int i = 0; i < rank; ++i) order[static_cast<std::size_t>(i)] = rank - 1 - i;
  return permute(x, Axes(std::span<const int>(order.data(), static_cast<std::size_t>(rank))));
}

Var swap_axes(Arg x, int a, int b) {
  std::array<int, max_rank> order{};
  const int rank = x.var().rank();
  for (int i = 0; i < rank; ++i) order[static_cast<std::size_t>(i)] = i;
  std::swap(order[static_cast<std::size_t>(normalize_axis("swap_axes", a, rank))],
            order[static_cast<std::size_t>(normalize_axis("swap_axes", b, rank))]);
  return permute(x, Axes(std::span<const int>(order.data(), static_cast<std::size_t>(rank))));
}

Var broadcast_to(Arg x, const Shape& shape) {
  if (!x.is_number() && x.var().shape() == shape) return x.var();
  return apply(BroadcastTo{shape}, {x});
}

Var detail::turned_from(Var v) {
  const Node& node = v.tape().node(v);
  if (node.op != &record_of<Permute>) return {};
  const Axes& order = static_cast<const Permute*>(node.attributes)->order;
  const int rank = order.size();
  if (rank < 2) return {};
  for (int i = 0; i < rank; ++i) {
    const int kept = i < rank - 2 ? i : 2 * rank - 3 - i;
    if (order[i] != kept) return {};
  }
  return Var(v.tape(), node.inputs[0]);
}

const Axes* as_permute(const Node& node) {
  if (node.op != &record_of<Permute>) return nullptr;
  return &static_cast<const Permute*>(node.attributes)->order;
}

std::span<const OpEntry> shape_ops() { return OpList<Reshape, Permute, BroadcastTo>::entries; }

}  // namespace dtheta
