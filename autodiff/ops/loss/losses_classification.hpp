#pragma once

#include <initializer_list>
#include <limits>
#include <string_view>

#include "autodiff/var.hpp"

namespace dtheta {

/// Losses of class and label predictions, one value for each example (elementwise ones: for each
/// element) as in autodiff/ops/loss/loss.hpp. Classes lie along the last axis; labels are an
/// index tensor of the shape without it.

/// Labels that mark an example to be left out, as in PyTorch.
inline constexpr Index ignored_label = -100;
/// Stands for no such label: every one must be that of a class.
inline constexpr Index no_label_ignored = std::numeric_limits<Index>::min();

/// -log_p[label], and 0 for an example whose label is `ignored`. Throws ShapeError when labels do
/// not fit, ValueError for a label out of range.
Var nll(Arg log_p, Arg labels, Index ignored = ignored_label);
/// The weight of each example's class, and 0 for an example left out. `weights` has one number for
/// each class (ShapeError).
Var weights_of(Arg weights, Arg labels, Index ignored = ignored_label);
/// nll and cross_entropy_with_logits by labels, each loss multiplied by the weight of its class,
/// and 0 for an example left out. `weights` has one number for each class (ShapeError).
Var nll(Arg log_p, Arg labels, Arg weights, Index ignored = ignored_label);
Var cross_entropy_with_logits(Arg z, Arg labels, Arg weights, Index ignored = ignored_label);
/// cross_entropy_with_logits by labels, and 0 for an example whose label is `ignored`.
Var cross_entropy_with_logits(Arg z, Arg labels, Index ignored);
/// Losses weighted and divided by the sum of weights: what PyTorch calls the mean when classes have
/// weights or examples are left out.
Var weighted_mean(Arg losses, Arg weights);

/// cross_entropy_with_logits with targets mixed with the uniform distribution: (1 - smoothing) of
/// the target's loss and `smoothing` of the mean loss of all classes. `targets` are labels or class
/// probabilities; a label that is not of a class is a ValueError, as is a smoothing outside [0, 1].
/// The loss is 0 for an example whose label is `ignored`.
Var smoothed_cross_entropy(Arg z, Arg targets, double smoothing, Index ignored = no_label_ignored);

/// Kullback and Leibler's divergence, elementwise: p log(p) - p log_q, and 0 where p = 0. Sum it
/// over the classes. At p = 0 the derivative with respect to p is taken as 0. A negative p is a
/// ValueError.
Var kl_div(Arg log_q, Arg p);
/// The same for log p: exp(log_p) (log_p - log_q), and 0 where log_p is -infinity. This is
/// PyTorch's kl_div with log_target.
Var kl_div_of_logs(Arg log_q, Arg log_p);

/// max(0, 1 - y z) for a score z and y = -1 or 1.
Var hinge(Arg z, Arg y);
/// The distance x for y = 1 and max(0, margin - x) for y = -1 (any y but 1).
Var hinge_embedding(Arg x, Arg y, double margin = 1);
/// max(0, margin - y (a - b)): y = 1 where a should be larger than b, -1 where smaller.
Var margin_ranking(Arg a, Arg b, Arg y, double margin = 0);

namespace detail {

/// Throws errors that name `op` for operands that hold indices or do not broadcast.
void require_fit(std::string_view op, std::initializer_list<Arg> args);

/// nll for `caller`, which errors name. `ignored` may be no_label_ignored.
Var nll_for(std::string_view caller, Arg log_p, Arg labels, Index ignored);

}  // namespace detail
}  // namespace dtheta
