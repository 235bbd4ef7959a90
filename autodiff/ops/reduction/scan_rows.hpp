#pragma once

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

/// What the ops that run along an axis share.
namespace dtheta::detail {

/// Visits the rows of `s` in scan order: visit(row, row before or -1), as offsets of elements.
template <class Visit>
void for_each_row(const AxisSplit& s, bool reverse, Visit visit) {
  const Index step = reverse ? -s.inner : s.inner;
  for (Index o = 0; o < s.outer; ++o) {
    Index row = (o * s.n + (reverse ? s.n - 1 : 0)) * s.inner, before = -1;
    for (Index i = 0; i < s.n; ++i, before = row, row += step) visit(row, before);
  }
}

/// v moved by one place along an axis, away from its start (or towards it with `reverse`); `fill`
/// comes in behind.
[[nodiscard]] Var shifted(Var v, int axis, bool reverse, double fill);

/// linear_scan(a, b), and the same with links that belong to the row before: a[i - 1] h[i - 1].
[[nodiscard]] Var scan_with_links(Var a, Var b, int axis, bool reverse, bool link_before);

}  // namespace dtheta::detail
