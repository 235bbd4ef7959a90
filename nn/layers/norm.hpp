#pragma once

#include "autodiff/shape.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Brings each vector along the last axes of x, which have the given shape, to mean 0 and variance
/// 1, times `weight`, plus `bias` (Ba, Kiros and Hinton 2016); see layer_norm in
/// autodiff/ops/network/normalization.hpp.
class LayerNorm {
 public:
  /// The weight starts at 1, the bias at 0. Throws ShapeError for an empty shape, ValueError unless
  /// 0 <= epsilon < infinity.
  explicit LayerNorm(const Shape& shape, double epsilon = 1e-5);
  explicit LayerNorm(Index width, double epsilon = 1e-5) : LayerNorm(Shape{width}, epsilon) {}

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

 private:
  Parameter weight_, bias_;
  double epsilon_;
};

/// For x (samples, channels, ...), in training: each channel brought to mean 0 and variance 1 over
/// samples and positions, times `weight`, plus `bias`; the running statistics then move towards
/// those of the batch, by `momentum`, the variance without bias (Ioffe and Szegedy 2015). In
/// evaluation it is by the running statistics.
class BatchNorm {
 public:
  struct Options {
    double epsilon = 1e-5;
    double momentum = 0.1;
  };
  /// Throws ShapeError below one channel, ValueError unless 0 <= epsilon < infinity and
  /// 0 <= momentum <= 1.
  explicit BatchNorm(Index channels, const Options& options);
  explicit BatchNorm(Index channels) : BatchNorm(channels, Options{}) {}

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);

  [[nodiscard]] const Tensor& running_mean() const { return running_mean_.value; }
  [[nodiscard]] const Tensor& running_variance() const { return running_variance_.value; }

 private:
  Parameter weight_, bias_;
  Buffer running_mean_, running_variance_;
  Options options_;
};

}  // namespace dtheta::nn
