#include "autodiff/ops/shape/slice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/permute.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice_form.hpp"

namespace dtheta {
namespace {

using detail::with_elements;

/// Where a slice of one axis lies: `count` elements from `start`, `step` apart.
struct Positions {
  int axis = 0;
  Index start = 0;
  Index step = 1;
  Index count = 0;
  friend constexpr bool operator==(const Positions&, const Positions&) = default;

  /// Calls move(offset in the whole, offset in the slice, length) for each contiguous run.
  template <class Move>
  void for_each(const Shape& whole, Move move) const {
    const AxisSplit s(whole, axis, 1);
    if (step == 1) {
      for (Index o = 0; o < s.outer; ++o) {
        move((o * s.n + start) * s.inner, o * count * s.inner, count * s.inner);
      }
      return;
    }
    for (Index o = 0; o < s.outer; ++o) {
      for (Index i = 0; i < count; ++i) {
        move((o * s.n + start + i * step) * s.inner, (o * count + i) * s.inner, s.inner);
      }
    }
  }
};

/// Elements [first, first + count) of an array, which a thread writes.
struct Written {
  Index first, count;

  /// Calls body(part) for parts of n elements that are worth a thread each.
  template <class Body>
  static void for_each_part(const Parallel* parallel, Index n, Body body) {
    detail::for_each_run(parallel, static_cast<std::size_t>(n), detail::rows_at_once(1),
                         [&](std::size_t start, std::size_t length) {
                           body(Written{static_cast<Index>(start), static_cast<Index>(length)});
                         });
  }
  /// out[to...] = x[from...] for `run` elements, as far as they are written here.
  template <class E>
  void copy(const E* x, Index from, E* out, Index to, Index run) const {
    const Index skip = std::max<Index>(first - to, 0), end = std::min(run, first + count - to);
    if (skip < end) std::copy_n(x + from + skip, end - skip, out + to + skip);
  }
};

/// The adjoint of a slice.
struct Unslice {
  Positions at;
  Index whole = 0;  // size of the axis
  friend constexpr bool operator==(const Unslice&, const Unslice&) = default;

  static constexpr OpInfo info{.name = "unslice", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x at the sliced places, else 0", "dy = unslice(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    return {detail::with_axis(in[0].shape, at.axis, whole), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    with_elements(call, [&](auto* x, auto* out) {
      Written::for_each_part(call.parallel, call.out_shape().size(), [&](const Written& part) {
        std::fill_n(out + part.first, part.count, std::remove_pointer_t<decltype(out)>(0));
        at.for_each(call.out_shape(),
                    [&](Index big, Index small, Index run) { part.copy(x, small, out, big, run); });
      });
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  [[nodiscard]] Var batch(const Batch& b) const {
    Positions moved = at;
    ++moved.axis;
    return apply(Unslice{moved, whole}, {b[0]});
  }
  static std::vector<Sample<Unslice>> samples() {
    return {{{{0, 1, 1, 2}, 4}, {real({2, 3})}},
            {{{1, 4, -2, 3}, 5}, {real({2, 3})}},
            {{{0, 0, 1, 0}, 2}, {real({0, 3})}}};
  }
};

struct Slice {
  Positions at;
  friend constexpr bool operator==(const Slice&, const Slice&) = default;

  static constexpr OpInfo info{.name = "slice", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x[start::step]", "dy = dx[start::step]"};
  [[nodiscard]] ValueType infer(Types in) const {
    return {detail::with_axis(in[0].shape, at.axis, at.count), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    with_elements(call, [&](auto* x, auto* out) {
      Written::for_each_part(call.parallel, call.out_shape().size(), [&](const Written& part) {
        at.for_each(call.shape(0),
                    [&](Index big, Index small, Index run) { part.copy(x, big, out, small, run); });
      });
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return apply(Unslice{at, p[0].shape()[at.axis]}, {c});
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    Positions moved = at;
    ++moved.axis;
    return apply(Slice{moved}, {b[0]});
  }
  static std::vector<Sample<Slice>> samples() {
    return {{{{0, 1, 1, 2}}, {real({4, 3})}},
            {{{1, 4, -2, 3}}, {real({2, 5})}},
            {{{1, 0, 2, 2}}, {real({2, 3, 2})}},
            {{{0, 3, -1, 4}}, {real({4})}},
            {{{0, 0, 1, 0}}, {real({2, 3})}}};
  }
};

Var Unslice::vjp(int, const Primal&, Var c) const { return apply(Slice{at}, {c}); }

/// Python's rule for one end of a slice.
Index clip(Index position, Index n, Index low, Index high) {
  return std::clamp(position < 0 ? position + n : position, low, high);
}

Positions resolve(int axis, const Range& r, Index n) {
  if (r.step == 0) throw ValueError("slice: the step must not be 0");
  const bool back = r.step < 0;
  const Index low = back ? -1 : 0, high = back ? n - 1 : n;
  const Index start = r.start == Range::unset ? (back ? n - 1 : 0) : clip(r.start, n, low, high);
  const Index stop = r.stop == Range::unset ? (back ? -1 : n) : clip(r.stop, n, low, high);
  const Index span = back ? start - stop : stop - start;
  const Index stride = back ? -r.step : r.step;
  const Index count = span > 0 ? (span + stride - 1) / stride : 0;
  return {axis, count > 0 ? start : 0, r.step, count};
}

}  // namespace

Var slice(Arg x, int axis, Range range) {
  const Shape& s = x.var().shape();
  const int a = normalize_axis("slice", axis, s.rank());
  return apply(Slice{resolve(a, range, s[a])}, {x});
}

Var select(Arg x, int axis, Index position) {
  const Shape s = x.var().shape();
  const int a = normalize_axis("select", axis, s.rank());
  if (position < -s[a] || position >= s[a]) {
    throw ValueError(fmt::format("select: position {} is out of range for axis {} of {}", position,
                                 a, to_string(s)));
  }
  const Index from_front = position < 0 ? position + s[a] : position;
  return reshape(slice(x, a, {from_front, from_front + 1}), reduced_shape(s, a, 1, false));
}

std::optional<SliceForm> as_slice(const Node& node) {
  if (node.op != &record_of<Slice>) return {};
  const Positions& at = static_cast<const Slice*>(node.attributes)->at;
  return SliceForm{at.axis, at.start, at.step, at.count};
}
std::optional<UnsliceForm> as_unslice(const Node& node) {
  if (node.op != &record_of<Unslice>) return {};
  const Positions& at = static_cast<const Unslice*>(node.attributes)->at;
  if (at.step != 1) return {};
  return UnsliceForm{at.axis, at.start, at.count};
}

std::span<const OpEntry> slice_ops() { return OpList<Slice, Unslice>::entries; }

}  // namespace dtheta
