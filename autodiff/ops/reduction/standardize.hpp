#pragma once

#include "autodiff/kernels/normalize.hpp"
#include "autodiff/var.hpp"

namespace dtheta::detail {

/// What the normalisation layers are made of: x, of any shape, seen as (outer, channels, inner).

/// (x - mean) / sqrt(variance + epsilon), with the mean and the biased variance of each channel.
Var standardize(Arg x, const ChannelView& view, double epsilon);
/// x / sqrt(mean of x^2 + epsilon).
Var rms_standardize(Arg x, const ChannelView& view, double epsilon);

}  // namespace dtheta::detail
