#include "autodiff/ops/shape/repeat.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::with_elements;

/// What tile and repeat_interleave share: one axis becomes `times` as long.
template <class Self>
struct Repetition {
  int axis = 0;
  Index times = 1;
  friend constexpr bool operator==(const Repetition&, const Repetition&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    const Index n = in[0].shape[axis];
    Index total = 0;
    if (times < 0 || __builtin_mul_overflow(n, times, &total)) {
      throw ShapeError(fmt::format("{}: {} repeats along axis {} of {} are not possible",
                                   Self::info.name, times, axis, to_string(in[0].shape)));
    }
    return {detail::replaced(in[0].shape, axis, total), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s = Self::blocks(call.shape(0), axis);
    with_elements(call, [&](auto* x, auto* out) {
      for (Index o = 0; o < s.outer; ++o, x += s.inner) {
        for (Index k = 0; k < times; ++k, out += s.inner) std::copy_n(x, s.inner, out);
      }
    });
  }
  /// The copies of each block lie side by side: they are summed as the middle axis of three.
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const AxisSplit s = Self::blocks(p[0].shape(), axis);
    return reshape(sum(reshape(c, Shape{s.outer, times, s.inner}), 1), p[0].shape());
  }
  static std::vector<Sample<Self>> samples() {
    const auto op = [](int axis, Index times) {
      Self s;
      s.axis = axis;
      s.times = times;
      return s;
    };
    return {{op(0, 3), {real({2})}},       {op(0, 2), {real({2, 3})}},
            {op(1, 2), {real({2, 3})}},    {op(1, 3), {real({2, 1, 2})}},
            {op(1, 2), {real({2, 3, 2})}}, {op(2, 2), {real({1, 2, 3})}},
            {op(0, 1), {real({4})}},       {op(0, 0), {real({3, 2})}},
            {op(0, 4), {real({0, 2})}},    {op(1, 2), {real({3, 0})}},
            {op(0, 5), {real({1})}},       {op(0, 2), {given({2}, {1e30, -1e-30})}}};
  }
};

struct Tiled : Repetition<Tiled> {
  static constexpr OpInfo info{.name = "tile", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x, repeated as a whole", "dy = tile(dx)"};
  static AxisSplit blocks(const Shape& shape, int axis) {
    AxisSplit s(shape, axis, 1);
    s.inner *= s.n;
    return s;
  }
};

struct RepeatInterleave : Repetition<RepeatInterleave> {
  static constexpr OpInfo info{.name = "repeat_interleave", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = each element of x repeated in place",
                               "dy = repeat_interleave(dx)"};
  static AxisSplit blocks(const Shape& shape, int axis) {
    AxisSplit s(shape, axis, 1);
    s.outer *= s.n;
    return s;
  }
};

/// The adjoint rolls back.
struct Roll {
  int axis = 0;
  Index shift = 0;  // in [0, size of the axis), or 0
  friend constexpr bool operator==(const Roll&, const Roll&) = default;

  static constexpr OpInfo info{.name = "roll", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[i] = x[i - k], around the end", "dy = roll(dx)"};
  [[nodiscard]] ValueType infer(Types in) const { return in[0]; }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const Index block = s.n * s.inner, moved = std::min(shift, s.n) * s.inner;
    with_elements(call, [&](auto* x, auto* out) {
      for (Index o = 0; o < s.outer; ++o, x += block, out += block) {
        std::copy_n(x, block - moved, out + moved);
        std::copy_n(x + block - moved, moved, out);
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return roll(c, -shift, axis); }
  [[nodiscard]] Var batch(const Batch& b) const {
    Roll moved = *this;
    ++moved.axis;
    return apply(moved, {b[0]});
  }
  static std::vector<Sample<Roll>> samples() {
    return {{{0, 0}, {real({4})}},       {{0, 1}, {real({4})}},
            {{0, 3}, {real({4})}},       {{0, 1}, {real({3, 2})}},
            {{1, 2}, {real({2, 3})}},    {{1, 1}, {real({2, 3, 2})}},
            {{2, 1}, {real({2, 1, 3})}}, {{1, 0}, {real({2, 1, 3})}},
            {{0, 0}, {real({0, 3})}},    {{1, 1}, {real({0, 3})}},
            {{0, 0}, {real({1})}},       {{0, 2}, {given({3}, {1e30, -1e-30, 1})}}};
  }
};

/// Its own adjoint.
struct Flip {
  int axis = 0;
  friend constexpr bool operator==(const Flip&, const Flip&) = default;

  static constexpr OpInfo info{.name = "flip", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[i] = x[n - 1 - i]", "dy = flip(dx)"};
  [[nodiscard]] ValueType infer(Types in) const { return in[0]; }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    with_elements(call, [&](auto* x, auto* out) {
      for (Index o = 0; o < s.outer; ++o) {
        for (Index i = s.n; i-- > 0; out += s.inner) {
          std::copy_n(x + (o * s.n + i) * s.inner, s.inner, out);
        }
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(*this, {c}); }
  [[nodiscard]] Var batch(const Batch& b) const {
    Flip moved = *this;
    ++moved.axis;
    return apply(moved, {b[0]});
  }
  static std::vector<Sample<Flip>> samples() {
    return {
        {{0}, {real({4})}},       {{0}, {real({1})}},       {{0}, {real({3, 2})}},
        {{1}, {real({2, 3})}},    {{1}, {real({2, 3, 2})}}, {{2}, {real({2, 1, 3})}},
        {{1}, {real({2, 1, 3})}}, {{0}, {real({0})}},       {{1}, {real({2, 0, 3})}},
        {{0}, {real({0, 3})}},    {{0}, {real({33})}},      {{0}, {given({3}, {1e30, -1e-30, 1})}}};
  }
};

}  // namespace

Var tile(Arg x, std::span<const Index> repeats) {
  const Shape shape = x.var().shape();
  const int given = static_cast<int>(repeats.size()), rank = std::max(shape.rank(), given);
  std::vector<Index> dims(static_cast<std::size_t>(rank - shape.rank()), 1);
  dims.insert(dims.end(), shape.begin(), shape.end());
  Var result = reshape(x, Shape(dims));
  for (int i = 0; i < given; ++i) {
    const Index times = repeats[static_cast<std::size_t>(i)];
    if (times == 1) continue;
    Tiled op;
    op.axis = rank - given + i;
    op.times = times;
    result = apply(op, {Arg(result, x.at())});
  }
  return result;
}

Var tile(Arg x, std::initializer_list<Index> repeats) {
  return tile(x, std::span(repeats.begin(), repeats.size()));
}

Var repeat_interleave(Arg x, Index times, int axis) {
  if (times < 0) {
    throw ValueError(fmt::format("repeat_interleave: {} repeats of {}: a number >= 0 is needed",
                                 times, to_string(x.var().shape())));
  }
  RepeatInterleave op;
  op.axis = normalize_axis(op.info.name, axis, x.var().rank());
  op.times = times;
  return apply(op, {x});
}

Var repeat_interleave(Arg x, std::span<const Index> times, int axis) {
  const Shape shape = x.var().shape();
  const int a = normalize_axis("repeat_interleave", axis, shape.rank());
  const bool fits = static_cast<Index>(times.size()) == shape[a];
  if (!fits || std::ranges::any_of(times, [](Index t) { return t < 0; })) {
    throw ShapeError(
        fmt::format("repeat_interleave: repeats ({}) for axis {} of {}: {} numbers >= 0 are needed",
                    fmt::join(times, ", "), a, to_string(shape), shape[a]));
  }
  std::vector<Index> from;
  for (std::size_t i = 0; i < times.size(); ++i) {
    from.insert(from.end(), static_cast<std::size_t>(times[i]), static_cast<Index>(i));
  }
  const Tensor indices(Shape{static_cast<Index>(from.size())}, std::span<const Index>(from));
  return take(x, x.var().tape().constant(indices, x.at()), a);
}

Var roll(Arg x, Index shift, int axis) {
  const Shape& shape = x.var().shape();
  const int a = normalize_axis("roll", axis, shape.rank());
  const Index n = shape[a];
  return apply(Roll{a, n > 0 ? (shift % n + n) % n : 0}, {x});
}

Var flip(Arg x, Axes axes) {
  Var result = x.var();
  for (int axis : normalize_axes("flip", axes, result.rank())) {
    result = apply(Flip{axis}, {Arg(result, x.at())});
  }
  return result;
}

Var stack(std::span<const Var> xs, int axis, SourceLocation at) {
  if (xs.empty()) throw ShapeError("stack: the list of operands is empty");
  const Shape& shape = xs[0].shape();
  const int a = normalize_axis("stack", axis, shape.rank() + 1);
  std::vector<Var> expanded;
  for (Var x : xs) {
    if (x.shape() != shape || x.is_index() != xs[0].is_index()) {
      throw ShapeError(fmt::format("stack: {} and {} are not of one shape and kind",
                                   to_string(shape), to_string(x.shape())));
    }
    expanded.push_back(expand_dims(Arg(x, at), a));
  }
  return concat(expanded, a, at);
}

Var stack(std::initializer_list<Var> xs, int axis, SourceLocation at) {
  return stack(std::span(xs.begin(), xs.size()), axis, at);
}

std::vector<Var> split(Arg x, std::span<const Index> sizes, int axis) {
  const Shape shape = x.var().shape();
  const int a = normalize_axis("split", axis, shape.rank());
  const Index total = std::reduce(sizes.begin(), sizes.end());
  if (total != shape[a] || std::ranges::any_of(sizes, [](Index n) { return n < 0; })) {
    throw ShapeError(fmt::format("split: sizes ({}) do not part axis {} of {}: {} != {}",
                                 fmt::join(sizes, ", "), a, to_string(shape), total, shape[a]));
  }
  std::vector<Var> parts;
  Index start = 0;
  for (Index n : sizes) {
    parts.push_back(slice(x, a, {start, start + n}));
    start += n;
  }
  return parts;
}

std::vector<Var> split(Arg x, Index size, int axis) {
  const Shape& shape = x.var().shape();
  const int a = normalize_axis("split", axis, shape.rank());
  if (size <= 0) {
    throw ValueError(
        fmt::format("split: parts of size {} along axis {} of {}: a size > 0 is needed", size, a,
                    to_string(shape)));
  }
  std::vector<Index> sizes;
  for (Index start = 0; start < shape[a] || sizes.empty(); start += size) {
    sizes.push_back(std::min(size, shape[a] - start));
  }
  return split(x, sizes, a);
}

std::vector<Var> chunk(Arg x, Index count, int axis) {
  const Shape& shape = x.var().shape();
  const int a = normalize_axis("chunk", axis, shape.rank());
  if (count <= 0) {
    throw ValueError(fmt::format("chunk: {} parts of axis {} of {}: a number > 0 is needed", count,
                                 a, to_string(shape)));
  }
  return split(x, std::max<Index>(1, (shape[a] + count - 1) / count), a);
}

std::span<const OpEntry> repeat_ops() {
  return OpList<Tiled, RepeatInterleave, Roll, Flip>::entries;
}

}  // namespace dtheta
