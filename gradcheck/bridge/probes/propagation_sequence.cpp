// The rules of attention and recurrent layers: slices, heads, and the steps of an LSTM.

#include <algorithm>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/network/lstm_form.hpp"
#include "autodiff/ops/reduction/softmax_form.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/rearrange_form.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/slice_form.hpp"
#include "gradcheck/bridge/probes/lstm_probes.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

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
  const Var which = one_hot(position_input(part.size(), parts), parts);
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

/// With the sums of all steps, made of the states before them once for each θ.
LstmAtTheta Propagator::lstm_at_theta(std::uint32_t node, bool reverse) {
  const auto in = from_.inputs(node);
  const Var kept = base(node), h0 = base(in[2]), w = base(in[1]);
  const Index time = kept.shape()[1];
  const Var first = expand_dims(h0, 0), h = select(kept, 0, 0);
  const Var before = reverse ? concat({dtheta::slice(h, 0, {1, time}), first}, 0)
                             : concat({first, dtheta::slice(h, 0, {0, time - 1})}, 0);
  const Index hidden = w.shape()[1];
  // Done once for each θ.
  const Var by_gate = swap_axes(reshape(w, {4, hidden, hidden}), 1, 2);
  return {kept,   base(in[0]) + dtheta::matmul(before, w, false, true), by_gate, h0, base(in[3]),
          reverse};
}

// An element of W, or a column of the gates, of each probe's LSTM.
Propagator::Rule Propagator::lstm(std::uint32_t node) {
  const auto form = as_lstm(from_.node(node));
  if (!form || shape_of(node).size() == 0) return {};
  const auto in = from_.inputs(node);
  const auto is_changed = [&](std::uint32_t i) { return change_of(i).extent != Extent::none; };
  if (std::ranges::count_if(in, is_changed) != 1) return {};
  const std::uint32_t gates = in[0], w = in[1];
  const Change &cg = change_of(gates), &cw = change_of(w);
  const Index time = shape_of(gates)[0], samples = shape_of(gates)[1];
  LstmMove move;
  if (cw.extent == Extent::element) {
    move.row = position_along(shape_of(w), 0);
    move.column = position_along(shape_of(w), 1);
    move.weight = delta(w, cw);
    move.gates = to_.constant(Tensor(Shape{time, count(), samples}));
  } else if (cg.extent == Extent::slice && cg.axis == 2) {
    move.row = cg.at;
    move.gates = swap_axes(delta(gates, cg), 0, 1);
    move.column = to_.constant(Tensor(Shape{count()}, DType::int64));
    move.weight = to_.constant(Tensor(Shape{count()}));
  } else {
    return {};
  }
  if (count() * shape_of(node).size() > largest_dense) return {};
  Change c{Extent::dense, lstm_probes(lstm_at_theta(node, form->reverse), move), 0, {}};
  c.lead = 2;
  return c;
}

}  // namespace dtheta::gradcheck
