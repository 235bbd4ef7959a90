#pragma once

#include "autodiff/ops/spatial/pool_options.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// The largest elements under windows, and where they are; see pooling.hpp.

/// The largest element under the window; padding counts as -infinity, and NaN wins. Among equal
/// elements the first has the whole derivative. Throws ShapeError when a window covers no element.
Var max_pool1d(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool2d(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool3d(Arg x, PerAxis size, const PoolOptions& options = {});
/// Where those elements are: for each position the row-major index in its plane, the spatial axes.
Var max_pool1d_indices(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool2d_indices(Arg x, PerAxis size, const PoolOptions& options = {});
Var max_pool3d_indices(Arg x, PerAxis size, const PoolOptions& options = {});

/// Pooling to a given number of positions: window i of n covers elements
/// [floor(i size / n), ceil((i + 1) size / n)).
Var adaptive_max_pool1d(Arg x, PerAxis out);
Var adaptive_max_pool2d(Arg x, PerAxis out);
Var adaptive_max_pool3d(Arg x, PerAxis out);
/// Where those elements are, as max_pool2d_indices.
Var adaptive_max_pool1d_indices(Arg x, PerAxis out);
Var adaptive_max_pool2d_indices(Arg x, PerAxis out);
Var adaptive_max_pool3d_indices(Arg x, PerAxis out);

}  // namespace dtheta
