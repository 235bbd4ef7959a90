#include "autodiff/ops/shape/update.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

using PerAxis = std::array<Index, max_rank>;

struct SliceUpdate {
  PerAxis starts{};  // from the front
  PerAxis steps{};
  friend constexpr bool operator==(const SliceUpdate&, const SliceUpdate&) = default;

  static constexpr OpInfo info{
      .name = "slice_update", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x with y[start::step] = u", "dy = slice_update(dx, du)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &x = in[0].shape, &u = in[1].shape;
    if (x.rank() != u.rank() || in[0].kind != in[1].kind) {
      throw ShapeError(fmt::format("slice_update: {} and updates {} differ in axes or kind",
                                   to_string(x), to_string(u)));
    }
    for (int i = 0; i < u.rank(); ++i) require_inside(x, u, i);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    PerAxis strides = strides_of(call.shape(0));
    Index first = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) {
      first += starts[i] * strides[i];
      strides[i] *= steps[i];
    }
    const Shape& u = call.shape(1);
    const int last = u.rank() - 1;
    const Index run = last >= 0 ? u[last] : 1;
    const Index step = last >= 0 ? strides[static_cast<std::size_t>(last)] : 1;
    detail::with_elements(call, [&](auto* x, auto* out) {
      const auto* updates = static_cast<decltype(x)>(call.in[1].data);
      std::copy_n(x, call.out_shape().size(), out);
      for_each_run(u, strides, [&](Index position, Index offset) {
        for (Index i = 0; i < run; ++i) out[first + offset + i * step] = updates[position + i];
      });
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Shape& u = p[1].shape();
    if (i == 0) return apply(*this, {c, detail::zeros(c.tape(), u)});
    for (int axis = 0; axis < u.rank(); ++axis) c = slice(c, axis, range(axis, u[axis]));
    return c;
  }
  static std::vector<Sample<SliceUpdate>> samples() {
    return {{{{1}, {1}}, {real({4}), real({2})}},
            {{{3}, {-1}}, {real({4}), real({3})}},
            {{{0}, {2}}, {real({5}), real({3})}},
            {{{1, 0}, {1, 1}}, {real({3, 2}), real({1, 2})}},
            {{{0, 1}, {2, 2}}, {real({3, 4}), real({2, 2})}},
            {{{2, 3}, {-1, -2}}, {real({3, 4}), real({3, 2})}},
            {{{0, 1, 0}, {1, 1, 2}}, {real({2, 3, 3}), real({2, 2, 2})}},
            {{{}, {}}, {real({}), real({})}},
            {{{0, 0}, {1, 1}}, {real({2, 3}), real({2, 3})}},
            {{{2}, {1}}, {real({3}), real({0})}},
            {{{0, 1}, {1, 1}}, {real({0, 3}), real({0, 2})}},
            {{{1}, {1}}, {given({2}, {1e30, 1}), given({1}, {-1e30})}}};
  }

 private:
  [[nodiscard]] Index start(int axis) const { return starts[static_cast<std::size_t>(axis)]; }
  [[nodiscard]] Index step(int axis) const { return steps[static_cast<std::size_t>(axis)]; }
  /// The positions along an axis as a range; one that steps back past the front ends there.
  [[nodiscard]] Range range(int axis, Index count) const {
    if (count == 0) return {0, 0};
    const Index stop = start(axis) + count * step(axis);
    return {start(axis), stop < 0 ? Range::unset : stop, step(axis)};
  }
  void require_inside(const Shape& x, const Shape& u, int axis) const {
    if (u[axis] == 0) return;
    const Index end = start(axis) + (u[axis] - 1) * step(axis);
    const Index low = std::min(start(axis), end), high = std::max(start(axis), end);
    if (low < 0 || high >= x[axis] || step(axis) == 0) {
      throw ValueError(
          fmt::format("slice_update: updates {} from {} in steps of {} do not fit "
                      "axis {} of {}",
                      to_string(u), start(axis), step(axis), axis, to_string(x)));
    }
  }
};

}  // namespace

Var slice_update(Arg x, Arg updates, std::span<const Index> starts, std::span<const Index> steps) {
  const Shape& s = x.var().shape();
  const auto rank = static_cast<std::size_t>(s.rank());
  if (starts.size() != rank || (steps.size() != rank && !steps.empty())) {
    throw ShapeError(fmt::format("slice_update: starts ({}) and steps ({}) for {}: {} are needed",
                                 fmt::join(starts, ", "), fmt::join(steps, ", "), to_string(s),
                                 rank));
  }
  SliceUpdate op;
  for (std::size_t i = 0; i < rank; ++i) {
    op.starts[i] = starts[i] < 0 ? starts[i] + s[static_cast<int>(i)] : starts[i];
    op.steps[i] = steps.empty() ? 1 : steps[i];
  }
  return apply(op, {x, updates});
}

Var slice_update(Arg x, Arg updates, std::initializer_list<Index> starts,
                 std::initializer_list<Index> steps) {
  return slice_update(x, updates, std::span(starts.begin(), starts.size()),
                      std::span(steps.begin(), steps.size()));
}

Var masked_fill(Arg x, Arg mask, double value) {
  const Shape &s = x.var().shape(), &m = mask.var().shape();
  if (!broadcasts_to(m, s)) {
    throw ShapeError(
        fmt::format("masked_fill: mask {} does not broadcast to {}", to_string(m), to_string(s)));
  }
  return where(mask, Arg(value, x.at()), x);
}

std::span<const OpEntry> update_ops() { return OpList<SliceUpdate>::entries; }

}  // namespace dtheta
