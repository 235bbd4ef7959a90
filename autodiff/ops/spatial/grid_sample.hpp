#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

struct GridSampleOptions {
  enum class Mode { linear, nearest } mode = Mode::linear;
  /// What lies outside: 0, the nearest element of the border, or the image mirrored there.
  enum class Padding { zeros, border, reflection } padding = Padding::zeros;
  /// Whether -1 and 1 are the centers of the first and last elements, or their outer edges.
  bool align_corners = false;
};

/// PyTorch's grid_sample: x (samples, channels, h, w) at the points of a grid (samples, out h, out
/// w, 2), whose last axis holds (x, y) in [-1, 1]: (samples, channels, out h, out w); or the same
/// with three spatial axes and points (x, y, z). Between elements the value is (bi- or tri-)linear
/// in the position, by which it has a derivative; a grid line belongs to the cell behind it. Throws
/// ShapeError for operands that do not fit. A NaN position gives NaN.
Var grid_sample(Arg x, Arg grid, const GridSampleOptions& options = {});

/// The grid of the points that affine maps theta (samples, 2, 3) take from a regular one of
/// `height` by `width` (PyTorch's affine_grid): (samples, height, width, 2). Throws ShapeError.
Var affine_grid(Arg theta, Index height, Index width, bool align_corners = false);

}  // namespace dtheta
