#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Softmax and its logarithm along one axis.

/// exp(x) / sum(exp(x)) along one axis, shifted likewise.
Var softmax(Arg x, int axis = -1);
/// log(softmax(x)) along one axis, without computing the softmax.
Var log_softmax(Arg x, int axis = -1);

}  // namespace dtheta
