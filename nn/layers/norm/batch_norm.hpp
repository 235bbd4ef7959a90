#pragma once

#include <optional>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< the part of the batch's statistics in the running ones
  bool affine = true;     ///< scale and shift by `weight` and `bias`
  /// Else there are no running statistics, and evaluation is by those of the batch as well.
  bool track_running_stats = true;
};

/// For x (samples, channels, ...), in training: each channel brought to mean 0 and variance 1 over
/// samples and positions, times `weight`, plus `bias`; the running statistics then move towards
/// those of the batch, by `momentum`, the variance without bias (Ioffe and Szegedy 2015). In
/// evaluation it is by the running statistics.
///
/// A layer before it needs no bias: what shifts a channel is taken away again, so that such a bias
/// has the gradient 0 in training.
class BatchNorm {
 public:
  using Options = BatchNormOptions;
  /// Throws ShapeError below one channel, ValueError unless 0 <= epsilon < infinity and
  /// 0 <= momentum <= 1.
  explicit BatchNorm(Index channels, const Options& options = {});

  /// Throws ShapeError when x does not fit, and in training for one value in each channel, from
  /// which there is no variance.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);

  /// Scalars where they are not tracked.
  [[nodiscard]] Tensor running_mean() const { return value_of(running_mean_); }
  [[nodiscard]] Tensor running_variance() const { return value_of(running_variance_); }

 protected:
  /// For one that is particular about the number of spatial axes.
  struct Planes {
    const char* layer;
    int least_axes, most_axes;
  };
  BatchNorm(Index channels, const Options& options, const Planes& planes);

 private:
  [[nodiscard]] static Tensor value_of(const std::optional<Buffer>& buffer) {
    return buffer ? buffer->value : Tensor(0.0);
  }
  [[nodiscard]] Var by_batch(Recording& recording, Var x) const;
  [[nodiscard]] Var by_running_statistics(Recording& recording, Var x) const;

  Index channels_;
  Options options_;
  Planes planes_;
  std::optional<Parameter> weight_, bias_;
  std::optional<Buffer> running_mean_, running_variance_;
};

/// That of x (samples, channels) or (samples, channels, length).
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(Index channels, const Options& options = {})
      : BatchNorm(channels, options, {"batch norm 1d", 0, 1}) {}
};
/// That of x (samples, channels, height, width).
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(Index channels, const Options& options = {})
      : BatchNorm(channels, options, {"batch norm 2d", 2, 2}) {}
};
/// That of x (samples, channels, depth, height, width).
class BatchNorm3d : public BatchNorm {
 public:
  explicit BatchNorm3d(Index channels, const Options& options = {})
      : BatchNorm(channels, options, {"batch norm 3d", 3, 3}) {}
};

}  // namespace dtheta::nn
