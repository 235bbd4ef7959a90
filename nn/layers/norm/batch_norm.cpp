#include "nn/layers/norm/batch_norm.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "nn/init.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

BatchNorm::BatchNorm(Index channels, const Options& options)
    : BatchNorm(channels, options, {"batch norm", 0, 3}) {}

BatchNorm::BatchNorm(Index channels, const Options& options, const Planes& planes)
    : channels_(channels), options_(options), planes_(planes) {
  detail::require_size(planes.layer, "channels", channels);
  detail::require_epsilon(planes.layer, options.epsilon);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    throw ValueError(
        fmt::format("{}: momentum {} is outside [0, 1]", planes.layer, options.momentum));
  }
  if (options.affine) {
    weight_ = detail::scale_of({channels});
    bias_ = detail::shift_of({channels});
  }
  if (options.track_running_stats) {
    running_mean_ = Buffer{constant({channels}, 0)};
    running_variance_ = Buffer{constant({channels}, 1)};
  }
}

Var BatchNorm::forward(Recording& recording, Var x) const {
  detail::require_planes(
      planes_.layer, x,
      {.channels = channels_, .least_axes = planes_.least_axes, .most_axes = planes_.most_axes});
  const bool by_running = !recording.training() && running_mean_;
  return by_running ? by_running_statistics(recording, x) : by_batch(recording, x);
}

Var BatchNorm::by_batch(Recording& recording, Var x) const {
  if (x.size() <= channels_) {
    throw ShapeError(fmt::format(
        "{}: x {} has {} for each channel: there is a variance of two values or more only",
        planes_.layer, to_string(x.shape()), x.size() == 0 ? "no value" : "one value"));
  }
  const Var y = weight_ ? batch_norm(x, recording(*weight_), recording(*bias_), options_.epsilon)
                        : batch_norm(x, options_.epsilon);
  if (!recording.training() || !running_mean_) return y;
  const BatchStatistics now = batch_statistics(x);  // those that batch_norm has computed
  const Var mean = recording(*running_mean_), variance = recording(*running_variance_);
  const double m = options_.momentum;
  const double n = static_cast<double>(x.size()) / static_cast<double>(channels_);
  recording.update(*running_mean_, (1 - m) * mean + m * stop_gradient(now.mean));
  recording.update(*running_variance_,
                   (1 - m) * variance + m * n / (n - 1) * stop_gradient(now.variance));
  return y;
}

Var BatchNorm::by_running_statistics(Recording& recording, Var x) const {
  const Var mean = recording(*running_mean_), variance = recording(*running_variance_);
  if (weight_) {
    return batch_norm_inference(x, mean, variance, recording(*weight_), recording(*bias_),
                                options_.epsilon);
  }
  return scale_channels(add_channels(x, -mean), rsqrt(variance + options_.epsilon));
}

void BatchNorm::fields(Fields& fields) {
  fields("weight", weight_)("bias", bias_);
  fields("running_mean", running_mean_)("running_var", running_variance_);
}

}  // namespace dtheta::nn
