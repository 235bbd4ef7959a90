#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/scan.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/sort.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

using Reduction = Var (*)(Var x, Axes axes, bool keepdims);

template <Reduction f>
Values reduce(const Call& c) {
  const Var x = c[0];
  std::vector<Index> axes = c.integers(1, "axes").value_or(std::vector<Index>{});
  if (axes.empty()) {
    if (c.integer("noop_with_empty_axes", 0) != 0) return c.like(x);
    axes = axes_from(0, x.rank());
  }
  return c.like(f(x, to_axes(axes), c.integer("keepdims", 1) != 0));
}

Var reduce_l1(Var x, Axes axes, bool keep) { return norm(x, 1, axes, keep); }
Var reduce_l2(Var x, Axes axes, bool keep) { return norm(x, 2, axes, keep); }
Var reduce_sum(Var x, Axes axes, bool keep) { return sum(x, axes, keep); }
Var reduce_mean(Var x, Axes axes, bool keep) { return mean(x, axes, keep); }
/// Throws Unsupported where there is nothing to choose from.
void require_elements(Var x, const Axes& axes) {
  for (const int a : normalize_axes("Reduce", axes, x.rank())) {
    if (x.shape()[a] == 0) throw Unsupported("the extreme one of no elements");
  }
}
Var reduce_max(Var x, Axes axes, bool keep) {
  return require_elements(x, axes), max(x, axes, keep);
}
Var reduce_min(Var x, Axes axes, bool keep) {
  return require_elements(x, axes), min(x, axes, keep);
}
Var reduce_product(Var x, Axes axes, bool keep) { return prod(x, axes, keep); }
Var reduce_log_sum(Var x, Axes axes, bool keep) { return log(sum(x, axes, keep)); }
Var reduce_log_sum_exp(Var x, Axes axes, bool keep) { return logsumexp(x, axes, keep); }
Var reduce_squares(Var x, Axes axes, bool keep) { return sum(square(x), axes, keep); }

template <Var (*f)(Arg, int, bool, Tie)>
Values place(const Call& c) {
  const Tie tie = c.integer("select_last_index", 0) != 0 ? Tie::last : Tie::first;
  return {c.from_indices(f(c[0], c.axis(0), c.integer("keepdims", 1) != 0, tie))};
}

/// Along one axis since opset 13; before that along all from the axis on.
template <Var (*f)(Var, int)>
Values along_axis(const Call& c) {
  const Var x = c[0];
  if (c.opset() >= 13) return c.like(f(x, c.axis(-1)));
  const int axis = normalize_axis("softmax", c.axis(1), x.rank());
  Index outer = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  return c.like(reshape(f(reshape(x, {outer, -1}), 1), x.shape()));
}

Var softmax_along(Var x, int axis) { return softmax(x, axis); }
Var log_softmax_along(Var x, int axis) { return log_softmax(x, axis); }

/// 1 at the first of the largest elements, else 0.
Var hardmax(Var x, int axis) {
  const int from_front = normalize_axis("hardmax", axis, x.rank());
  const Var hot = one_hot(argmax(x, from_front), x.shape()[from_front]);
  return move_axis(hot, x.rank() - 1, from_front);
}

Values cumulative_sum(const Call& c) {
  return c.like(cumsum(c[0], static_cast<int>(c.integer(1)), c.integer("exclusive", 0) != 0,
                       c.integer("reverse", 0) != 0));
}

Values top_k(const Call& c) {
  const TopK top = topk(c[0], c.integer(1), c.axis(-1), c.integer("largest", 1) != 0);
  return {{top.values, c.type()}, c.from_indices(top.indices)};
}

constexpr NamedRule rules[]{
    {"ArgMax", place<argmax>},
    {"ArgMin", place<argmin>},
    {"CumSum", cumulative_sum},
    {"Hardmax", along_axis<hardmax>},
    {"LogSoftmax", along_axis<log_softmax_along>},
    {"ReduceL1", reduce<reduce_l1>},
    {"ReduceL2", reduce<reduce_l2>},
    {"ReduceLogSum", reduce<reduce_log_sum>},
    {"ReduceLogSumExp", reduce<reduce_log_sum_exp>},
    {"ReduceMax", reduce<reduce_max>},
    {"ReduceMean", reduce<reduce_mean>},
    {"ReduceMin", reduce<reduce_min>},
    {"ReduceProd", reduce<reduce_product>},
    {"ReduceSum", reduce<reduce_sum>},
    {"ReduceSumSquare", reduce<reduce_squares>},
    {"Softmax", along_axis<softmax_along>},
    {"TopK", top_k},
};

}  // namespace

std::span<const NamedRule> reduction_rules() { return rules; }

}  // namespace dtheta::onnx_tests
