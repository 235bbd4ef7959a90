// The rules of ops over planes: pooling, and what makes one axis of planes and channels.

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
#include "autodiff/ops/spatial/max_pool_form.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

Index product(const Shape& shape, int first, int last) {
  return std::accumulate(shape.begin() + first, shape.begin() + last, Index{1},
                         std::multiplies<>());
}

}  // namespace

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
  const auto outer = place_of_part(c, from[c.axis], inner);
  if (!outer) return {};
  const Var head = position_input(*outer), unit = position_input({outer->stride / inner, inner});
  const Var hit = reshape(one_hot(unit, inner), {count(), 1, inner, 1});
  const Var moved = reshape(c.value, {count(), -1, 1, behind});
  const Var now = reshape(base_slice(node, axis, head), {count(), -1, inner, behind});
  const Var value = where(hit, moved, now);
  return Change{Extent::slice, reshape(value, without_axis(to, axis, count())), axis, head};
}

}  // namespace dtheta::gradcheck
