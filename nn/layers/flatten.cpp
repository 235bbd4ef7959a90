#include "nn/layers/flatten.hpp"

#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::nn {

Var Flatten::forward(Recording&, Var x) const { return flatten(x, first_, last_); }

}  // namespace dtheta::nn
