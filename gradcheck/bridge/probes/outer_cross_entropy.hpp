#pragma once

#include "autodiff/op.hpp"

namespace dtheta::gradcheck {

/// Classes up to which `outer_cross_entropy` takes logits.
inline constexpr Index most_outer_classes = 64;

/// Softmax cross-entropy of logits that K probes move by an outer product each, as they do where an
/// element of a lower layer moves: for z = base + u v^T, log(sum of exp(z)) - z[label] for each
/// row. `base` is transposed, (classes, rows); u is (K, rows), v (K, classes), `labels` (rows)
/// indices. The logits are never written down, and rows that do not move, as where a ReLU is off,
/// cost nothing. Throws ShapeError, and ValueError for a label that is no class.
Var outer_cross_entropy(Var base, Var u, Var v, Var labels);

/// The record of that op, to be tested; it belongs to no family of the library.
const OpRecord& outer_cross_entropy_op();

}  // namespace dtheta::gradcheck
