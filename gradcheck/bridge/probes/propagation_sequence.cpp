// The rules of attention and recurrent layers: slices, heads, and the steps of recurrent layers.

#include <algorithm>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/network/recurrent_form.hpp"
#include "autodiff/ops/reduction/softmax_form.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/rearrange_form.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/slice_form.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"
#include "gradcheck/bridge/probes/recurrent_probes.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

}  // namespace

// A slice of what changes elsewhere is changed as before; an element lies inside of it, or moves
// nothing.
Propagator::Rule Propagator::slice(std::uint32_t node) {
  const Node& record = from_.node(node);
  const auto form = as_slice(record);
  if (!form) return {};
  const std::uint32_t x = from_.inputs(node)[0];
  Change c = change_of(x);
  if (c.extent == Extent::element) return element_of_slice(node);
  if (c.extent == Extent::dense && form->axis < c.lead) {
    c.value = reapply(record, std::span(&c.value, 1));
    return c;
  }
  if (c.extent != Extent::slice || c.axis == form->axis) return {};
  c.value = along(record, c, form->axis);
  return c;
}

/// Where parts of the same size lie one behind the other, an element has the same place in each,
/// and is in one of them.
Propagator::Rule Propagator::element_of_slice(std::uint32_t node) {
  const auto form = as_slice(from_.node(node));
  const std::uint32_t x = from_.inputs(node)[0];
  const Shape &whole = shape_of(x), &part = shape_of(node);
  const bool aligned = form->axis == 0 && form->step == 1 && form->count > 0 &&
                       form->start % form->count == 0 && whole[0] % form->count == 0;
  if (!aligned || part.size() == 0) return {};
  const Index parts = whole[0] / form->count, own = form->start / form->count;
  const Var which = one_hot(position_input({part.size(), parts}), parts);
  const Var inside = reshape(dtheta::slice(which, 1, {own, own + 1}), {count()});
  const Var now = take(reshape(base(node), {-1}), flat_position(part.size()), 0);
  return Change{Extent::element, where(inside, change_of(x).value, now), 0, {}};
}

/// An op that goes along another axis than that of a slice, applied to the slice.
Var Propagator::along(const Node& record, const Change& c, int axis) {
  // With the axis of the slice gone and that of the probes in front, only axes before it move.
  if (axis > c.axis) return reapply(record, std::span(&c.value, 1));
  constexpr char has_axis = 1;
  return record.op->batch(record.attributes,
                          {std::span(&c.value, 1), std::span(&has_axis, 1), count()});
}

// The same elements in another order of axes.
Propagator::Rule Propagator::permute(std::uint32_t node) {
  const Axes* order = as_permute(from_.node(node));
  if (order == nullptr) return {};
  const Change& c = change_of(from_.inputs(node)[0]);
  const bool slice = c.extent == Extent::slice;
  if (!slice && c.extent != Extent::block) return {};
  std::vector<int> moved{0};
  int axis = 0;
  for (int i = 0; i < order->size(); ++i) {
    const int from = (*order)[i];
    if (from == c.axis) axis = i;
    if (from != c.axis || !slice) moved.push_back(from + (slice && from > c.axis ? 0 : 1));
  }
  Change result = c;
  result.value = dtheta::permute(c.value, Axes(std::span<const int>(moved)));
  result.axis = axis;
  return result;
}

// Softmax of a slice along another axis.
Propagator::Rule Propagator::softmax(std::uint32_t node) {
  const Node& record = from_.node(node);
  const auto axis = softmax_axis(record);
  if (!axis) return {};
  Change c = change_of(from_.inputs(node)[0]);
  if (c.extent != Extent::slice || c.axis == *axis) return {};
  c.value = along(record, c, *axis);
  return c;
}

// C = op(A) op(B) of many matrices: those of one head move the same head.
Propagator::Rule Propagator::matmul_of_slice(std::uint32_t node) {
  const auto form = as_matmul(from_.node(node));
  const Shape& shape = shape_of(node);
  if (!form || shape.rank() < 3) return {};
  int axis = -1;
  Var at;
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    if (shape_of(i).rank() != shape.rank()) return {};
    if (c.extent == Extent::none) continue;
    if (c.extent != Extent::slice || c.axis >= shape.rank() - 2) return {};
    if (at.exists() && (c.axis != axis || !c.at.is(at))) return {};
    axis = c.axis;
    at = c.at;
  }
  std::vector<Var> in;
  for (std::uint32_t i : from_.inputs(node)) {
    if (shape_of(i)[axis] != shape[axis]) return {};  // one matrix for all heads
  }
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    in.push_back(c.extent == Extent::slice ? c.value : base_slice(i, axis, at));
  }
  const Var value = dtheta::matmul(in[0], in[1], form->transpose_a, form->transpose_b);
  return Change{Extent::slice, value, axis, at};
}

/// A recurrent layer as it is recorded: the operands that its kinds have in other places.
struct Propagator::Recurrent {
  RecurrentCell cell;
  bool reverse;
  std::uint32_t x, w, h0;
  std::optional<std::uint32_t> bias{}, c0{};
};

std::optional<Propagator::Recurrent> Propagator::as_recurrent(std::uint32_t node) const {
  const Node& record = from_.node(node);
  const auto in = from_.inputs(node);
  if (const auto form = as_lstm(record)) {
    return Recurrent{RecurrentCell::lstm, form->reverse, in[0], in[1], in[2], {}, in[3]};
  }
  if (const auto form = as_gru(record)) {
    return Recurrent{RecurrentCell::gru, form->reverse, in[0], in[1], in[3], in[2], {}};
  }
  if (const auto form = as_rnn(record)) {
    return Recurrent{RecurrentCell::rnn, form->reverse, in[0], in[1], in[2], {}, {}};
  }
  return {};
}

/// With the sums of all steps, made of the states before them. All is done once for each θ.
RecurrentAtTheta Propagator::recurrent_at_theta(std::uint32_t node, const Recurrent& layer) {
  RecurrentAtTheta at{.cell = layer.cell, .reverse = layer.reverse};
  at.kept = layer.cell == RecurrentCell::rnn ? expand_dims(base(node), 0) : base(node);
  at.h0 = base(layer.h0);
  if (layer.c0) at.c0 = base(*layer.c0);
  const Index time = at.kept.shape()[1];
  const Var first = expand_dims(at.h0, 0), h = select(at.kept, 0, 0);
  const Var before = layer.reverse ? dtheta::concat({dtheta::slice(h, 0, {1, time}), first}, 0)
                                   : dtheta::concat({first, dtheta::slice(h, 0, {0, time - 1})}, 0);
  const Var w = base(layer.w), products = dtheta::matmul(before, w, false, true);
  const bool gru = layer.cell == RecurrentCell::gru;
  at.sums = products + base(gru ? *layer.bias : layer.x);
  if (gru) at.x = base(layer.x);
  const Index hidden = w.shape()[1];
  at.w = swap_axes(reshape(w, {-1, hidden, hidden}), 1, 2);
  return at;
}

// An element of W or of the bias, or a column of the gates, of each probe's layer.
Propagator::Rule Propagator::recurrent(std::uint32_t node) {
  const auto layer = as_recurrent(node);
  if (!layer || shape_of(node).size() == 0) return {};
  if (count() * shape_of(node).size() > largest_dense) return {};
  const auto in = from_.inputs(node);
  const auto is_changed = [&](std::uint32_t i) { return change_of(i).extent != Extent::none; };
  if (std::ranges::count_if(in, is_changed) != 1) return {};
  const Change &cx = change_of(layer->x), &cw = change_of(layer->w);
  const Index time = shape_of(layer->x)[0], samples = shape_of(layer->x)[1];
  const auto zeros = [&](const Shape& shape, DType dtype = DType::float64) {
    return to_.constant(Tensor(shape, dtype));
  };
  RecurrentMove move{.row = {},
                     .x = zeros({time, count(), samples}),
                     .column = zeros({count()}, DType::int64),
                     .weight = zeros({count()}),
                     .bias = zeros({count()})};
  if (cw.extent == Extent::element) {
    move.row = position_along(shape_of(layer->w), 0);
    move.column = position_along(shape_of(layer->w), 1);
    move.weight = delta(layer->w, cw);
  } else if (layer->bias && change_of(*layer->bias).extent == Extent::element) {
    move.row = position_along(shape_of(*layer->bias), 0);
    move.bias = delta(*layer->bias, change_of(*layer->bias));
  } else if (cx.extent == Extent::slice && cx.axis == 2) {
    move.row = cx.at;
    move.x = swap_axes(delta(layer->x, cx), 0, 1);
  } else {
    return {};
  }
  const Var kept = recurrent_probes(recurrent_at_theta(node, *layer), move);
  if (layer->cell == RecurrentCell::rnn) {
    return Change{.extent = Extent::dense, .value = select(kept, 0, 0), .lead = 1};
  }
  return Change{.extent = Extent::dense, .value = kept, .lead = 2};
}

}  // namespace dtheta::gradcheck
