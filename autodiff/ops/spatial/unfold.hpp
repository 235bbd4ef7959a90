#pragma once

#include <optional>

#include "autodiff/ops/spatial/spatial.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// How a window moves. Each number may be given for each spatial axis.
struct UnfoldOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
};

/// The elements under the window at each of its positions, zeros in the padding:
/// (samples, channels, ...) -> (samples, channels * taps, positions).
Var unfold(Arg x, PerAxis size, const UnfoldOptions& options = {});
/// Its adjoint: (samples, channels * taps, positions) -> (samples, channels, plane...). Elements
/// that fall on each other are added up.
Var fold(Arg x, const Shape& plane, PerAxis size, const UnfoldOptions& options = {});

/// Channels moved into space: (..., c r^2, h, w) -> (..., c, h r, w r), as sub-pixel convolution
/// needs; and back.
Var pixel_shuffle(Arg x, Index factor);
Var pixel_unshuffle(Arg x, Index factor);

}  // namespace dtheta
