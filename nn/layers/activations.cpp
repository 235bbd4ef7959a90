#include "nn/layers/activations.hpp"

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

Var LeakyReLU::forward(Recording&, Var x) const { return leaky_relu(x, slope); }
Var ELU::forward(Recording&, Var x) const { return elu(x, alpha); }
Var CELU::forward(Recording&, Var x) const { return celu(x, alpha); }
Var Softplus::forward(Recording&, Var x) const { return softplus(x, beta); }
Var Hardtanh::forward(Recording&, Var x) const { return hardtanh(x, low, high); }
Var Softshrink::forward(Recording&, Var x) const { return softshrink(x, lambda); }
Var Hardshrink::forward(Recording&, Var x) const { return hardshrink(x, lambda); }
Var Threshold::forward(Recording&, Var x) const { return threshold(x, limit, replacement); }
Var Softmax::forward(Recording&, Var x) const { return softmax(x, axis); }
Var LogSoftmax::forward(Recording&, Var x) const { return log_softmax(x, axis); }
Var Softmin::forward(Recording&, Var x) const { return softmax(-x, axis); }
Var GLU::forward(Recording&, Var x) const { return glu(x, axis); }

PReLU::PReLU(Index count, double slope) : weight_{.symbol = "weight"} {
  detail::require_size("prelu", "slopes", count);
  weight_ = given("weight", constant({count}, slope));
}

Var PReLU::forward(Recording& recording, Var x) const {
  const Index count = weight_.value.size();
  if (count > 1) {
    detail::require_planes("prelu", x, {.channels = count, .least_axes = 0, .most_axes = 3});
  }
  return prelu(x, recording(weight_));
}

}  // namespace dtheta::nn
