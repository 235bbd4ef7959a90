#pragma once

#include <optional>

#include "autodiff/ops/network/spatial.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Pooling over the last one, two or three axes of x (samples, channels, ...) or (channels, ...).

/// How the window of a pooling op moves. Each number may be given for each spatial axis.
struct PoolOptions {
  /// The window's size when not given.
  std::optional<PerAxis> stride{};
  /// Padding in front of each axis, and behind it unless padding_end says otherwise.
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
  /// Also windows that stick out at the end, if they start inside x or the padding in front.
  bool ceil_mode = false;
};

/// The largest element under the window; padding counts as -infinity, and NaN wins. Among equal
/// elements the first has the whole derivative. Throws ShapeError when a window covers no element.
Var max_pool1d(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool2d(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool3d(Arg x, PerAxis size, const PoolOptions& options = {});
/// Where those elements are: for each position the row-major index in its plane, the spatial axes.
Var max_pool1d_indices(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool2d_indices(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool3d_indices(Arg x, PerAxis size, const PoolOptions& options = {});

/// The elements at `indices` in each plane of x, the last `axes` axes: the shape is that of
/// indices, whose other axes must be those of x. Throws ValueError for an index outside the plane.
Var take_in_planes(Arg x, Arg indices, int axes);
/// Its adjoint: planes of the given spatial dimensions, zero but for the elements of x, which are
/// added up at `indices`. This is max-unpooling.
Var add_in_planes(Arg x, Arg indices, const Shape& plane);

/// What an average is divided by.
struct AvgPoolOptions {
  std::optional<PerAxis> stride{};
  PerAxis padding = 0;
  std::optional<PerAxis> padding_end{};
  PerAxis dilation = 1;
  bool ceil_mode = false;
  /// Zeros in the padding count as elements. Either way what sticks out with ceil_mode does not.
  bool count_include_pad = true;
  /// Divide by this number instead of the count of elements, when it is not 0.
  Index divisor = 0;
};

/// The mean of the elements under the window; 0 where it covers nothing that counts.
Var avg_pool1d(Arg x, PerAxis size, const AvgPoolOptions& options = {});
Var avg_pool2d(Arg x, PerAxis size, const AvgPoolOptions& options = {});
Var avg_pool3d(Arg x, PerAxis size, const AvgPoolOptions& options = {});

/// (sum of |x|^p under the window)^(1/p), for p >= 1 (ValueError). The derivative where all are
/// zero is taken as 0.
Var lp_pool1d(Arg x, double p, PerAxis size, const PoolOptions& options = {});
Var lp_pool2d(Arg x, double p, PerAxis size, const PoolOptions& options = {});
Var lp_pool3d(Arg x, double p, PerAxis size, const PoolOptions& options = {});

/// Pooling to a given number of positions: window i of n covers elements
/// [floor(i size / n), ceil((i + 1) size / n)).
Var adaptive_max_pool1d(Arg x, PerAxis out);
Var adaptive_max_pool2d(Arg x, PerAxis out);
Var adaptive_max_pool3d(Arg x, PerAxis out);
/// Where those elements are, as max_pool2d_indices.
Var adaptive_max_pool1d_indices(Arg x, PerAxis out);
Var adaptive_max_pool2d_indices(Arg x, PerAxis out);
Var adaptive_max_pool3d_indices(Arg x, PerAxis out);
Var adaptive_avg_pool1d(Arg x, PerAxis out);
Var adaptive_avg_pool2d(Arg x, PerAxis out);
Var adaptive_avg_pool3d(Arg x, PerAxis out);

/// Over all of each channel of x (samples, channels, ...): (samples, channels, 1, ...). Elements
/// that tie for the largest share the derivative.
Var global_avg_pool(Arg x);
Var global_max_pool(Arg x);

}  // namespace dtheta
