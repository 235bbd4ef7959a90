// The rules of ops that put values side by side, or take some of them.

#include <algorithm>
#include <numeric>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/shape/concat_form.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/indexing_form.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

/// 0, 1, ... as numbers.
Tensor rows_counted(Index rows) {
  Tensor all(Shape{rows});
  std::iota(all.data<double>().begin(), all.data<double>().end(), 0.0);
  return all;
}
/// Indices as such numbers, counted from the front.
Tensor rows_looked_up(const Tensor& indices, Index rows) {
  Tensor all(Shape{indices.size()});
  std::ranges::transform(indices.data<Index>(), all.data<double>().begin(),
                         [&](Index i) { return static_cast<double>(i < 0 ? i + rows : i); });
  return all;
}

}  // namespace

// y = E[i]: an element of a table moves its column of y, where its row was looked up.
Propagator::Rule Propagator::lookup(std::uint32_t node) {
  const auto axis = take_axis(from_.node(node));
  if (!axis || *axis != 0) return {};
  const std::uint32_t table = from_.inputs(node)[0], ids = from_.inputs(node)[1];
  const Change& c = change_of(table);
  const Shape &shape = shape_of(table), &y = shape_of(node);
  const bool applies = c.extent == Extent::element && shape.rank() == 2 && y.size() > 0 &&
                       change_of(ids).extent == Extent::none && !depends_[ids];
  if (!applies) return {};
  // Rows are compared as numbers: a table may have many more than are looked up.
  const Var numbers = to_.constant(rows_counted(shape[0]));
  const Var row = reshape(take(numbers, position_along(shape, 0), 0), {count(), 1});
  const Var looked_up = to_.constant(rows_looked_up(base_.tensor(Var(from_, ids)), shape[0]));
  const Var at = position_along(shape, 1), by = reshape(delta(table, c), {count(), 1});
  const int last = y.rank() - 1;
  const Var column = reshape(base_slice(node, last, at), {count(), -1});
  const Var moved = column + where(equal(looked_up, row), by, 0);
  return Change{Extent::slice, reshape(moved, without_axis(y, last, count())), last, at};
}

// Side by side: slices of the same place stay beside each other; one that lies along the axis itself
// is where its operand begins.
Propagator::Rule Propagator::concat(std::uint32_t node) {
  const auto axis = concat_axis(from_.node(node));
  if (!axis) return {};
  const auto in = from_.inputs(node);
  const Change* slice = nullptr;
  for (std::uint32_t i : in) {
    const Change& c = change_of(i);
    if (c.extent == Extent::none) continue;
    if (c.extent != Extent::slice) return {};
    if (slice != nullptr && (c.axis != slice->axis || c.axis == *axis || !c.at.is(slice->at))) {
      return {};
    }
    slice = &c;
  }
  if (slice == nullptr) return {};
  if (slice->axis == *axis) return slice_beside(node, *axis);
  const Node& record = from_.node(node);
  std::vector<Var> parts;
  for (std::uint32_t i : in) {
    const Change& c = change_of(i);
    parts.push_back(c.extent == Extent::slice ? c.value : base_slice(i, slice->axis, slice->at));
  }
  const std::vector<char> has_axis(parts.size(), 1);
  Change result = *slice;
  // With the axis of the slice gone and that of the probes in front, only axes before it move.
  result.value = *axis > slice->axis
                     ? reapply(record, parts)
                     : record.op->batch(record.attributes, {parts, has_axis, count()});
  return result;
}

/// The one operand that is changed, along the axis on which all stand.
Propagator::Rule Propagator::slice_beside(std::uint32_t node, int axis) {
  Index before = 0;
  for (std::uint32_t i : from_.inputs(node)) {
    Change c = change_of(i);
    if (c.extent == Extent::slice) {
      auto place = place_of(c.at);
      if (!place) return {};
      place->offset += before;
      c.at = position_input(*place);
      return c;
    }
    before += shape_of(i)[axis];
  }
  return {};
}

}  // namespace dtheta::gradcheck
