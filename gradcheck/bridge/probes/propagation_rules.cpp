// One rule for each kind of op: how far a change spreads through it.

#include <algorithm>
#include <array>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/linalg/tensor_products.hpp"
#include "autodiff/ops/loss/loss_form.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/reduction_form.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "gradcheck/bridge/probes/outer_cross_entropy.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

/// v (K, a, b, ...) with `count` axes of size 1 put in behind the leading one.
Var with_ones(Var v, int count) {
  std::vector<Index> dims(v.shape().begin(), v.shape().end());
  dims.insert(dims.begin() + 1, static_cast<std::size_t>(count), 1);
  return reshape(v, Shape(dims));
}

}  // namespace

// Elementwise: what moves in the operands moves in the result, at the same place.
Propagator::Rule Propagator::elementwise(std::uint32_t node) {
  if (!from_.node(node).op->is_elementwise()) return {};
  if (const Rule c = elementwise_at_element(node)) return c;
  if (const Rule c = elementwise_at_block(node)) return c;
  return elementwise_at_slice(node);
}

Propagator::Rule Propagator::elementwise_at_element(std::uint32_t node) {
  const Index size = shape_of(node).size();
  // Nothing is recorded before the rule is known to apply: of an empty operand nothing can be
  // taken.
  const bool applies = std::ranges::all_of(from_.inputs(node), [&](std::uint32_t i) {
    const Extent extent = change_of(i).extent;
    const Index own = shape_of(i).size();
    return extent == Extent::element ? own == size
                                     : extent == Extent::none && (own == 1 || own == size);
  });
  if (!applies) return {};
  std::vector<Var> in;
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    if (c.extent == Extent::element) {
      in.push_back(c.value);
    } else if (shape_of(i).size() == 1) {
      in.push_back(reshape(base(i), Shape{}));
    } else {
      in.push_back(take(reshape(base(i), {-1}), flat_position(size), 0));
    }
  }
  return Change{Extent::element, reapply(from_.node(node), in), 0, {}};
}

Propagator::Rule Propagator::elementwise_at_block(std::uint32_t node) {
  const Change* block = nullptr;
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    const bool whole = shape_of(i) == shape_of(node);
    if (c.extent == Extent::none && (whole || shape_of(i).size() == 1)) continue;
    if (c.extent != Extent::block || !whole) return {};
    if (block != nullptr &&
        (block->axis != c.axis || block->width != c.width || !block->at.is(c.at))) {
      return {};
    }
    block = &c;
  }
  if (block == nullptr) return {};
  std::vector<Var> in;
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    in.push_back(c.extent == Extent::block       ? c.value
                 : shape_of(i) == shape_of(node) ? base_block(i, *block)
                                                 : reshape(base(i), Shape{}));
  }
  Change result = *block;
  result.value = reapply(from_.node(node), in);
  return result;
}

Propagator::Rule Propagator::elementwise_at_slice(std::uint32_t node) {
  const Shape& shape = shape_of(node);
  // All changed operands must change at the same positions of the same axis of the result.
  int axis = -1;
  Var at;
  std::vector<Change> changes;
  for (std::uint32_t i : from_.inputs(node)) {
    Change c = change_of(i);
    const int missing = shape.rank() - shape_of(i).rank();
    if (c.extent == Extent::element) {
      const Rule slice = spread(i, c, shape);
      if (!slice) return {};
      c = *slice;
    } else if (c.extent == Extent::slice) {
      c.value = with_ones(c.value, missing);
      c.axis += missing;
    } else if (c.extent != Extent::none) {
      return {};
    }
    if (c.extent == Extent::slice) {
      if (at.exists() && (axis != c.axis || !at.is(c.at))) return {};
      axis = c.axis;
      at = c.at;
    }
    changes.push_back(c);
  }
  std::vector<Var> in;
  for (std::size_t k = 0; k < changes.size(); ++k) {
    const std::uint32_t i = from_.inputs(node)[k];
    const Shape& own = shape_of(i);
    const int own_axis = axis - (shape.rank() - own.rank());
    if (changes[k].extent == Extent::slice) {
      in.push_back(changes[k].value);
    } else if (own_axis < 0) {
      in.push_back(base(i));
    } else if (own[own_axis] == 1) {
      in.push_back(reshape(base(i), without_axis(own, own_axis)));
    } else {
      in.push_back(with_ones(base_slice(i, own_axis, at), shape.rank() - own.rank()));
    }
  }
  const Var value = reapply(from_.node(node), in);
  return Change{Extent::slice, broadcast_to(value, without_axis(shape, axis, count())), axis, at};
}

// y = x W^T + b: an element of W or b moves one column of y; a column of x moves all of y by an
// outer product with a column of W; any other slice of x moves the same slice of y.
Propagator::Rule Propagator::affine(std::uint32_t node) {
  if (!is_affine(from_.node(node))) return {};
  const auto in = from_.inputs(node);
  const std::uint32_t x = in[0], w = in[1], b = in[2];
  const Change &cx = change_of(x), &cw = change_of(w), &cb = change_of(b);
  const int changed =
      (cx.extent != Extent::none) + (cw.extent != Extent::none) + (cb.extent != Extent::none);
  if (changed != 1) return {};
  const Shape& y = shape_of(node);
  const int last = y.rank() - 1;

  if (cw.extent == Extent::element || cb.extent == Extent::element) {
    const bool weight = cw.extent == Extent::element;
    const Var at = position_along(shape_of(weight ? w : b), 0);
    Var step = reshape(delta(weight ? w : b, weight ? cw : cb), {count(), 1});
    const Var column = reshape(base_slice(node, last, at), {count(), -1});
    if (weight) {
      const Var inputs = base_slice(x, shape_of(x).rank() - 1, position_along(shape_of(w), 1));
      step = step * reshape(inputs, {count(), -1});
    }
    return Change{Extent::slice, reshape(column + step, without_axis(y, last, count())), last, at};
  }
  if (cx.extent == Extent::block && cx.axis == last) return affine_of_block(node, cx);
  if (cx.extent != Extent::slice) return {};
  if (cx.axis != last) {
    return Change{Extent::slice, dtheta::affine(cx.value, base(w), base(b)), cx.axis, cx.at};
  }
  const Var rows = reshape(base(node), {-1, y[last]});
  const Var moved = reshape(delta(x, cx), {count(), -1});
  const Var weights = base_slice(w, 1, cx.at);
  const Var result = reshape(add_outer(rows, moved, weights), behind(count(), y));
  return Change{Extent::dense, result, 0, {}, 1, 0, Change::Outer{rows, moved, weights}};
}

// A block of columns of x moves all of y, by its product with the same columns of W.
Propagator::Rule Propagator::affine_of_block(std::uint32_t node, const Change& c) {
  const std::uint32_t x = from_.inputs(node)[0], w = from_.inputs(node)[1];
  const Shape& y = shape_of(node);
  if (count() * y.size() > largest_dense) return {};
  const Var columns = base_block(w, Change{Extent::block, {}, 1, c.at, c.width});
  const Var moved = reshape(delta(x, c), {count(), -1, c.width});
  const Var step = dtheta::matmul(moved, columns, false, true);
  return Change{Extent::dense, base(node) + reshape(step, behind(count(), y)), 0, {}};
}

// C = op(A) op(B) of two matrices: an element of A moves one row of C, a slice of A along the
// contracted axis moves all of C by an outer product, along the other axis one row; likewise B.
Propagator::Rule Propagator::matmul(std::uint32_t node) {
  const auto form = as_matmul(from_.node(node));
  if (!form || shape_of(node).rank() != 2) return {};
  const std::uint32_t a = from_.inputs(node)[0], b = from_.inputs(node)[1];
  const bool left = change_of(a).extent != Extent::none;
  if (left && change_of(b).extent != Extent::none) return {};
  const std::uint32_t moved = left ? a : b, other = left ? b : a;
  const Change& c = change_of(moved);
  // The axes that are contracted, in the operands as they are stored.
  const int a_inner = form->transpose_a ? 0 : 1, b_inner = form->transpose_b ? 1 : 0;
  const int inner = left ? a_inner : b_inner, other_inner = left ? b_inner : a_inner;
  const int result_axis = left ? 0 : 1;  // of C: where the free axis of `moved` lies

  if (c.extent == Extent::element) {
    const Var at = position_along(shape_of(moved), 1 - inner);
    const Var partner = base_slice(other, other_inner, position_along(shape_of(moved), inner));
    const Var step = reshape(delta(moved, c), {count(), 1}) * partner;
    return Change{Extent::slice, base_slice(node, result_axis, at) + step, result_axis, at};
  }
  if (c.extent != Extent::slice) return {};
  if (c.axis == inner) {
    const Var step = delta(moved, c), partner = base_slice(other, other_inner, c.at);
    const Var rows = left ? step : partner, columns = left ? partner : step;
    return Change{Extent::dense, add_outer(base(node), rows, columns), 0, {}};
  }
  // (K, inner) times the other operand, whose contracted axis must come first.
  const Var row = dtheta::matmul(c.value, base(other), false, other_inner == 1);
  return Change{Extent::slice, row, result_axis, c.at};
}

// A sum moves by as much as what is summed.
Propagator::Rule Propagator::sum(std::uint32_t node) {
  const auto form = as_sum(from_.node(node));
  if (!form) return {};
  const std::uint32_t x = from_.inputs(node)[0];
  const Change& c = change_of(x);
  const Shape& out = shape_of(node);
  if (c.extent == Extent::element && out.size() == 1) {
    return Change{Extent::dense, base(node) + reshape(delta(x, c), behind(count(), out)), 0, {}};
  }
  const int stop = form->first + form->count;
  if (c.extent != Extent::slice || c.axis < form->first || c.axis >= stop) return {};
  Var moved = delta(x, c);
  if (form->count > 1) {
    std::vector<int> axes;  // of the slice: those that are summed besides the one that is gone
    for (int i = form->first; i < stop - 1; ++i) axes.push_back(i + 1);
    moved = dtheta::sum(moved, Axes(std::span<const int>(axes)));
  }
  return Change{Extent::dense, base(node) + reshape(moved, behind(count(), out)), 0, {}};
}

// The loss of logits that move by an outer product, which need not be written down.
Propagator::Rule Propagator::cross_entropy(std::uint32_t node) {
  if (!is_softmax_cross_entropy(from_.node(node))) return {};
  const std::uint32_t z = from_.inputs(node)[0], labels = from_.inputs(node)[1];
  const Change& c = change_of(z);
  const Index classes = shape_of(z)[shape_of(z).rank() - 1];
  if (!c.outer || change_of(labels).extent != Extent::none || classes > most_outer_classes) {
    return {};
  }
  const Var losses = outer_cross_entropy(transpose(c.outer->at_theta), c.outer->u, c.outer->v,
                                         reshape(base(labels), {-1}));
  return Change{Extent::dense, reshape(losses, behind(count(), shape_of(node))), 0, {}};
}

// Anything else: the whole value for each probe, by the op's rule for a leading axis.
Propagator::Rule Propagator::batched(std::uint32_t node) {
  const Node& record = from_.node(node);
  if (record.op->batch == nullptr) return {};
  std::vector<Var> in;
  std::vector<char> has_axis;
  for (std::uint32_t i : from_.inputs(node)) {
    const Change& c = change_of(i);
    has_axis.push_back(c.extent != Extent::none);
    if (c.extent == Extent::none) {
      in.push_back(base(i));
      continue;
    }
    const std::optional<Var> whole = dense(i, c);
    if (!whole) return {};
    in.push_back(*whole);
  }
  if (count() * shape_of(node).size() > largest_dense) return {};
  return Change{Extent::dense, record.op->batch(record.attributes, {in, has_axis, count()}), 0, {}};
}

}  // namespace dtheta::gradcheck
