#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Ops with one number for each channel, axis 1 of x (samples, channels, ...): what broadcasting
/// against (channels, 1, ...) would give, but with a fast sum over samples and positions in the
/// derivative. Each throws ShapeError unless x has that axis and the other operand is (channels).

/// x + b[channel].
Var add_channels(Arg x, Arg b);
/// x * w[channel].
Var scale_channels(Arg x, Arg w);
/// The sum of each channel over samples and positions: (channels).
Var sum_channels(Arg x);

}  // namespace dtheta
