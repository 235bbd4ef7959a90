#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Losses, one value for each example; take `mean` or `sum` of them for a cost. Each has two forms,
/// of probabilities and of logits. The second is the one to train with: it neither overflows nor
/// loses digits where the first meets log(0).

/// a log(b), and 0 where a = 0 whatever b is.
Var xlogy(Arg a, Arg b);

/// -(y log p + (1 - y) log(1 - p)), elementwise, for probabilities p and targets y in [0, 1].
Var binary_cross_entropy(Arg p, Arg y);
/// The same with p = sigmoid(z): softplus(z) - y z.
Var binary_cross_entropy_with_logits(Arg z, Arg y);
/// The same with the first term, that of y, multiplied by `positive_weight`, which broadcasts: one
/// for each class, say.
Var binary_cross_entropy_with_logits(Arg z, Arg y, Arg positive_weight);

/// -sum over classes of t log p along the last axis, for probabilities p; and with
/// p = softmax(z). `targets` holds class probabilities of p's shape, or the class of each example
/// as an index tensor of that shape without the last axis (ShapeError when it fits neither; a class
/// out of range is a ValueError).
Var cross_entropy(Arg p, Arg targets);
Var cross_entropy_with_logits(Arg z, Arg targets);

}  // namespace dtheta
