#pragma once

#include <span>

#include "autodiff/axes.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Elements by their rank, with where they are, and what leaves NaN out.

struct Ranked {
  Var values;
  Var indices;  // where they are along the axis: the first of those that are equal, unless said
};
/// The k-th smallest element along an axis, counted from 1; NaN counts as the largest. The whole
/// derivative is due to the element at `indices`. Throws ValueError unless 1 <= k <= its size.
Ranked kthvalue(Arg x, Index k, int axis = -1, bool keepdims = false);
/// The middle element, the lower of two, as PyTorch's median along an axis: NaN where there is one;
/// and that of the elements which are not NaN, if there are any. Unlike `median`, all of the
/// derivative goes to one element. ShapeError over no elements.
Ranked median_along(Arg x, int axis = -1, bool keepdims = false);
Ranked nanmedian_along(Arg x, int axis = -1, bool keepdims = false);
/// nanmedian_along over all elements.
Var nanmedian(Arg x);
/// The most frequent element along an axis, the smallest of those that tie; of its
/// occurrences the last is meant, as by PyTorch. ShapeError over no elements.
Ranked mode(Arg x, int axis = -1, bool keepdims = false);

/// What stands between two elements of which neither is the quantile.
enum class Between { linear, lower, higher, nearest, midpoint };
/// The element at place q (n - 1) of the n elements along an axis, counted from the smallest; NaN
/// where one of them is. Without an axis it is over all elements. Throws ValueError unless q lies
/// in [0, 1], ShapeError over no elements.
Var quantile(Arg x, double q);
Var quantile(Arg x, double q, int axis, bool keepdims = false, Between between = Between::linear);
/// The same for several q, along a new first axis.
Var quantile(Arg x, std::span<const double> qs, int axis, bool keepdims = false,
             Between between = Between::linear);

/// sum and mean over the elements that are not NaN: 0, and NaN, if there are none.
Var nansum(Arg x);
Var nansum(Arg x, Axes axes, bool keepdims = false);
Var nanmean(Arg x);
Var nanmean(Arg x, Axes axes, bool keepdims = false);

}  // namespace dtheta
