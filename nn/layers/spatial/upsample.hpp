#pragma once

#include "autodiff/ops/spatial/interpolate.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// x (samples, channels, ...) with its spatial axes made `factor` times as long; see
/// autodiff/ops/spatial/interpolate.hpp. The nearest element is taken unless a mode is given:
/// Resample::linear along two axes is what PyTorch calls bilinear.
class Upsample {
 public:
  /// Throws ValueError for a factor below 1.
  explicit Upsample(const PerAxis& factor, const InterpolateOptions& options = {});
  /// To a given size instead.
  [[nodiscard]] static Upsample to(const PerAxis& size, const InterpolateOptions& options = {});

  /// Throws ShapeError unless x has one to three spatial axes.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;

 private:
  PerAxis number_;
  bool is_size_ = false;
  InterpolateOptions options_;
};

}  // namespace dtheta::nn
