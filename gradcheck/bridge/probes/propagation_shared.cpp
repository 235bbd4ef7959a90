// Weights that meet what they have moved already: shared by layers, or by the steps of one.

#include <algorithm>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

}  // namespace

/// How a product meets an element of one operand: what lies along `contracted` of the other one at
/// the element's `inner` place goes to its `free` place along `axis` of the result.
struct Propagator::SharedWeight {
  std::uint32_t weight, met;
  bool bias = false;  // which meets nothing
  int contracted = 0, axis = 0;
  Var inner{}, free{};
};

std::optional<Propagator::SharedWeight> Propagator::as_shared(std::uint32_t node) {
  const bool affine = is_affine(from_.node(node));
  const auto form = as_matmul(from_.node(node));
  if (!affine && !form) return {};
  const auto in = from_.inputs(node);
  // All but one operand, and that by an element: the weight.
  std::optional<std::size_t> element, other;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Extent e = change_of(in[i]).extent;
    if (e == Extent::none) continue;
    std::optional<std::size_t>& which = e == Extent::element ? element : other;
    if (which) return {};
    which = i;
  }
  if (!element || !other || (affine && *other != 0)) return {};
  SharedWeight s{.weight = in[*element], .met = in[*other], .bias = affine && *element == 2};
  const Shape &w = shape_of(s.weight), &x = shape_of(s.met), &y = shape_of(node);
  if (w.rank() != (s.bias ? 1 : 2) || x.rank() != y.rank()) return {};
  const int last = y.rank() - 1;
  s.axis = last;
  s.contracted = last;
  if (s.bias) {
    s.free = position_along(w, 0);
    return s;
  }
  int inner = 1;  // of W
  if (form && *element == 1) {
    inner = form->transpose_b ? 1 : 0;
    s.contracted = form->transpose_a ? last - 1 : last;
  } else if (form) {
    inner = form->transpose_a ? 0 : 1;
    s.contracted = form->transpose_b ? last : last - 1;
    s.axis = last - 1;
  }
  s.inner = position_along(w, inner);
  s.free = position_along(w, 1 - inner);
  return s;
}

/// v (K, size) along an axis of values of that rank behind that of the probes.
Var Propagator::along_axis(Var v, int rank, int axis) {
  std::vector<Index> dims(static_cast<std::size_t>(rank) + 1, 1);
  dims[0] = count();
  dims[static_cast<std::size_t>(axis) + 1] = v.shape()[1];
  return reshape(v, Shape(dims));
}

// y(x', w') = y(x', w) + what the moved element of w adds at x'. The first is what moves by x alone,
// the second one row or column of y.
Propagator::Rule Propagator::shared_weight(std::uint32_t node) {
  const Shape& shape = shape_of(node);
  if (count() * shape.size() > largest_dense) return {};
  const auto s = as_shared(node);
  if (!s) return {};
  const std::optional<Var> x = dense(s->met, change_of(s->met));
  if (!x) return {};

  auto hidden = changes_.extract(s->weight);
  const Change by_x = rule_for(node);
  changes_.insert(std::move(hidden));
  const std::optional<Var> y = by_x.extent == Extent::none ? std::nullopt : dense(node, by_x);
  if (!y) return {};

  const Var by = reshape(delta(s->weight, change_of(s->weight)), {count(), 1});
  const int rank = shape.rank();
  const Var to = along_axis(one_hot(s->free, shape[s->axis]) * by, rank, s->axis);
  if (s->bias) return Change{Extent::dense, *y + to, 0, {}};
  const Index width = shape_of(s->met)[s->contracted];
  const Var at = along_axis(one_hot(s->inner, width), rank, s->contracted);
  const Var met = dtheta::sum(*x * at, s->contracted + 1);
  return Change{Extent::dense, *y + expand_dims(met, s->axis + 1) * to, 0, {}};
}

}  // namespace dtheta::gradcheck
