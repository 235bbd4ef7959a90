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

namespace detail {

/// What the normalisation layers start from: a weight of 1, which is no weight of a penalty, and a
/// bias of 0.
[[nodiscard]] Parameter scale_of(const Shape& shape);
[[nodiscard]] Parameter shift_of(const Shape& shape);

}  // namespace detail

}  // namespace dtheta::nn
