#pragma once

#include "autodiff/ops/spatial/pool_options.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// Means and p-norms of the elements under windows; see pooling.hpp.

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

/// The mean in as many windows as asked for, which are those of adaptive_max_pool1d.
Var adaptive_avg_pool1d(Arg x, PerAxis out);
Var adaptive_avg_pool2d(Arg x, PerAxis out);
Var adaptive_avg_pool3d(Arg x, PerAxis out);

/// Over all of each channel of x (samples, channels, ...): (samples, channels, 1, ...). Elements
/// that tie for the largest share the derivative.
Var global_avg_pool(Arg x);
Var global_max_pool(Arg x);

}  // namespace dtheta
