#pragma once

#include "autodiff/kernels/normalize.hpp"
#include "autodiff/var.hpp"

namespace dtheta::detail {

/// What batch normalisation is made of: x, of any shape, seen as (outer, channels, inner).

/// (2, channels): the means and the biased variances.
Var moments(Arg x, const ChannelView& view);

/// (x - m) s + b, operands broadcast. Where m, s and b have one number for each channel, axis 1 of x,
/// as (channels, 1, ...), their derivatives are one pass over x.
Var centered_affine(Arg x, Arg m, Arg s, Arg b);

/// (channels, 1, ...), what broadcasts against x where axis 1 has the channels.
Shape beside_channels(const Shape& x);

/// One number for each channel, from the row of (2, channels), as it broadcasts against x.
Var of_channels(Var rows, Index row, const Shape& x);

}  // namespace dtheta::detail
