#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Losses of scores against margins, one value for each example as in
/// autodiff/ops/loss/loss.hpp. Classes lie along the last axis.

/// The mean over all classes of max(0, margin - z[label] + z[j])^p, in which j = label counts 0.
/// Labels are an index tensor of z's shape without the last axis. Throws ShapeError for operands
/// that do not fit, ValueError for a label of no class and unless p is 1 or 2.
Var multi_margin(Arg z, Arg labels, int p = 1, double margin = 1);
/// The same multiplied by the weight of the example's class, of which there is one for each class.
Var multi_margin(Arg z, Arg labels, Arg weights, int p = 1, double margin = 1);

/// For examples of several labels each: the sum over labels k and classes j that are none of
/// max(0, 1 - (z[k] - z[j])), divided by the number of classes. `labels` is an index tensor of z's
/// shape; of a row those before the first -1 count. Throws ShapeError, and ValueError for another
/// label that is of no class.
Var multilabel_margin(Arg z, Arg labels);
/// The mean over the classes of binary_cross_entropy_with_logits(z, y), for targets y in [0, 1] of
/// each class.
Var multilabel_soft_margin(Arg z, Arg y);
/// The same with a weight for each class.
Var multilabel_soft_margin(Arg z, Arg y, Arg weights);

/// log(1 + exp(-y z)) for a score z and y = -1 or 1, elementwise.
Var soft_margin(Arg z, Arg y);

}  // namespace dtheta
