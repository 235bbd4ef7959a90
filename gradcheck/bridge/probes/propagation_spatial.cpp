// The rules of ops over planes: convolution, pooling, and what makes one axis of planes and channels.

#include <algorithm>
#include <numeric>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/reduction/moments.hpp"
#include "autodiff/ops/reduction/moments_form.hpp"
#include "autodiff/ops/reduction/standardize.hpp"
#include "autodiff/ops/reduction/standardize_form.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/avg_pool_form.hpp"
#include "autodiff/ops/spatial/channels_form.hpp"
#include "autodiff/ops/spatial/convolution_form.hpp"
#include "autodiff/ops/spatial/max_pool_form.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

/// Elements that the windows of a convolution may have written side by side.
constexpr Index largest_unfolded = Index{1} << 22;

PerAxis last_of(const Window::PerAxis& all, int axes) {
  return PerAxis(std::span(all).last(static_cast<std::size_t>(axes)));
}

/// Row c * taps + t: what tap t meets in channel c of x, (samples, positions), for each.
Var rows_under_taps(Var x, const Window& w) {
  const auto of = [&](const Window::PerAxis& all) { return last_of(all, w.axes); };
  return swap_axes(unfold(x, of(w.size),
                          {.stride = of(w.stride),
                           .padding = of(w.before),
                           .padding_end = of(w.after),
                           .dilation = of(w.dilation)}),
                   0, 1);
}

Index product(const Shape& shape, int first, int last) {
  return std::accumulate(shape.begin() + first, shape.begin() + last, Index{1},
                         std::multiplies<>());
}

}  // namespace

// y = w * x + b: an element of w or b moves one channel of y; a channel of x moves all of y, by its
// own convolution.
Propagator::Rule Propagator::convolution(std::uint32_t node) {
  const auto form = as_convolution(from_.node(node));
  if (!form || form->groups != 1) return {};
  const auto in = from_.inputs(node);
  const auto is_changed = [&](std::uint32_t i) { return change_of(i).extent != Extent::none; };
  if (std::ranges::count_if(in, is_changed) != 1) return {};
  const Change& cx = change_of(in[0]);
  if (cx.extent == Extent::none) return filter_element(node, form->window);
  if (cx.extent != Extent::slice || cx.axis != 1) return {};
  return filtered_channel(node);
}

Propagator::Rule Propagator::filter_element(std::uint32_t node, const Window& window) {
  const auto in = from_.inputs(node);
  const std::uint32_t x = in[0], w = in[1];
  const bool weight = change_of(w).extent != Extent::none;
  const std::uint32_t changed = weight ? w : in[2];
  if (change_of(changed).extent != Extent::element) return {};
  const Shape& y = shape_of(node);
  const Index filter = shape_of(w).size() / std::max<Index>(shape_of(w)[0], 1);
  if (weight && y.size() / std::max<Index>(y[1], 1) * filter > largest_unfolded) return {};

  const Var at = position_along(shape_of(changed), 0);
  const Var channel = base_slice(node, 1, at);
  Var step = reshape(delta(changed, change_of(changed)), {count(), 1});
  if (weight) {
    const Var met = take(rows_under_taps(base(x), window), position_input(1, filter), 0);
    step = step * reshape(met, {count(), -1});
  }
  const Var moved = reshape(channel, {count(), -1}) + step;
  return Change{Extent::slice, reshape(moved, without_axis(y, 1, count())), 1, at};
}

Propagator::Rule Propagator::filtered_channel(std::uint32_t node) {
  if (count() * shape_of(node).size() > largest_dense) return {};
  const auto in = from_.inputs(node);
  const Change& c = change_of(in[0]);
  const Var filters = take(swap_axes(base(in[1]), 0, 1), c.at, 0);
  std::vector<Var> operands{expand_dims(delta(in[0], c), 2), expand_dims(filters, 2)};
  std::vector<char> has_axis{1, 1};
  if (in.size() > 2) {
    operands.push_back(to_.constant(Tensor(shape_of(in[2]))));  // b is in the value at θ
    has_axis.push_back(0);
  }
  const Node& record = from_.node(node);
  const Var step = record.op->batch(record.attributes, {operands, has_axis, count()});
  return Change{Extent::dense, base(node) + step, 0, {}};
}

// Planes are pooled one by one: one channel moves the same channel.
Propagator::Rule Propagator::pooling(std::uint32_t node) {
  const Node& record = from_.node(node);
  const int axes = std::max(max_pool_axes(record), avg_pool_axes(record));
  const std::uint32_t x = from_.inputs(node).empty() ? 0 : from_.inputs(node)[0];
  if (axes == 0) return {};
  const Change& c = change_of(x);
  if (c.extent != Extent::slice || c.axis >= shape_of(x).rank() - axes) return {};
  return Change{Extent::slice, reapply(record, std::span(&c.value, 1)), c.axis, c.at};
}

// Each channel by itself: x changed in one, or its own number.
Propagator::Rule Propagator::channels(std::uint32_t node) {
  const Node& record = from_.node(node);
  if (!is_add_channels(record) && !is_scale_channels(record)) return {};
  const std::uint32_t x = from_.inputs(node)[0], v = from_.inputs(node)[1];
  const Change &cx = change_of(x), &cv = change_of(v);
  const bool by_x = cx.extent == Extent::slice && cx.axis == 1 && cv.extent == Extent::none;
  const bool by_v = cx.extent == Extent::none && cv.extent == Extent::element;
  if (!by_x && !by_v) return {};
  const Var at = by_x ? cx.at : position_along(shape_of(v), 0);
  const Var number = by_v ? cv.value : take(base(v), at, 0);
  const Var channel = by_x ? cx.value : base_slice(x, 1, at);
  const Var rows = reshape(channel, {count(), -1}), each = reshape(number, {count(), 1});
  const Var y = is_add_channels(record) ? rows + each : rows * each;
  return Change{Extent::slice, reshape(y, channel.shape()), 1, at};
}

// Each channel by itself: that of each probe is a channel beside those of the others.
Propagator::Rule Propagator::standardize(std::uint32_t node) {
  const auto form = as_standardize(from_.node(node));
  const auto statistics = as_moments(from_.node(node));
  if (!form && !statistics) return {};
  const auto [outer, channels, inner] = form ? form->view : *statistics;
  const std::uint32_t x = from_.inputs(node)[0];
  const Change& c = change_of(x);
  const Shape& shape = shape_of(x);
  const bool of_channel =
      c.extent == Extent::slice && shape[c.axis] == channels && product(shape, 0, c.axis) == outer;
  if (!of_channel) return {};
  const Var turned = swap_axes(reshape(c.value, {count(), outer, inner}), 0, 1);
  const detail::ChannelView view{outer, count(), inner};
  if (statistics) {
    return Change{Extent::slice, swap_axes(detail::moments(turned, view), 0, 1), 1, c.at};
  }
  const Var y = form->centered ? detail::standardize(turned, view, form->epsilon)
                               : detail::rms_standardize(turned, view, form->epsilon);
  return Change{Extent::slice, reshape(swap_axes(y, 0, 1), c.value.shape()), c.axis, c.at};
}

// The same elements under another shape: one element stays where it is, a slice stays one where its
// axis does, and becomes a block where the axes behind its own are merged with it.
Propagator::Rule Propagator::view(std::uint32_t node) {
  const std::uint32_t x = from_.inputs(node)[0];
  const Change& c = change_of(x);
  if (!from_.node(node).op->info.view) return {};
  if (c.extent == Extent::element) return c;
  return c.extent == Extent::dense ? view_of_dense(node) : view_of_slice(node);
}

// Only what stands before the axis of the probes is under another shape.
Propagator::Rule Propagator::view_of_dense(std::uint32_t node) {
  const std::uint32_t x = from_.inputs(node)[0];
  const Shape &from = shape_of(x), &to = shape_of(node);
  Change c = change_of(x);
  if (c.lead == 0) return {};
  const Index before = product(from, 0, c.lead);
  c.lead = 0;
  while (c.lead < to.rank() && product(to, 0, c.lead) != before) ++c.lead;
  if (product(to, 0, c.lead) != before) return {};
  std::vector<Index> dims(to.begin(), to.end());
  dims.insert(dims.begin() + c.lead, count());
  c.value = reshape(c.value, Shape(dims));
  return c;
}

Propagator::Rule Propagator::view_of_slice(std::uint32_t node) {
  const std::uint32_t x = from_.inputs(node)[0];
  const Change& c = change_of(x);
  if (c.extent != Extent::slice) return {};
  const Shape &from = shape_of(x), &to = shape_of(node);
  const Index before = product(from, 0, c.axis), own = from[c.axis];
  int axis = 0;
  while (axis < to.rank() && (product(to, 0, axis) != before || to[axis] == 1)) ++axis;
  if (axis == to.rank() || own == 0) return {};
  if (to[axis] < own) return split(node, c, axis);
  if (to[axis] % own != 0) return {};
  const Index width = to[axis] / own;
  if (product(to, axis + 1, to.rank()) * width != product(from, c.axis + 1, from.rank())) return {};
  if (width == 1) {
    return Change{Extent::slice, reshape(c.value, without_axis(to, axis, count())), axis, c.at};
  }
  std::vector<Index> dims{count()};
  dims.insert(dims.end(), to.begin(), to.end());
  dims[static_cast<std::size_t>(axis) + 1] = width;
  return Change{Extent::block, reshape(c.value, Shape(dims)), axis, c.at, width};
}

/// An axis that becomes `axis` and those behind it, of which the first still has the place of the
/// slice: units that become heads.
Propagator::Rule Propagator::split(std::uint32_t node, const Change& c, int axis) {
  const std::uint32_t x = from_.inputs(node)[0];
  const Shape &from = shape_of(x), &to = shape_of(node);
  if (to[axis] == 0 || from[c.axis] % to[axis] != 0) return {};
  const Index inner = from[c.axis] / to[axis], behind = product(from, c.axis + 1, from.rank());
  int end = axis + 1;
  while (end < to.rank() && product(to, axis + 1, end) != inner) ++end;
  if (product(to, axis + 1, end) != inner || product(to, end, to.rank()) != behind) return {};
  const auto known =
      std::ranges::find_if(program_.positions_, [&](const auto& p) { return p.input.is(c.at); });
  if (known == program_.positions_.end() || known->size != from[c.axis]) return {};
  const Index stride = known->stride;
  const Var head = position_input(stride * inner, to[axis]), unit = position_input(stride, inner);
  const Var hit = reshape(one_hot(unit, inner), {count(), 1, inner, 1});
  const Var moved = reshape(c.value, {count(), -1, 1, behind});
  const Var now = reshape(base_slice(node, axis, head), {count(), -1, inner, behind});
  const Var value = where(hit, moved, now);
  return Change{Extent::slice, reshape(value, without_axis(to, axis, count())), axis, head};
}

}  // namespace dtheta::gradcheck
