#pragma once

#include <optional>

#include "autodiff/shape.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// x / sqrt(mean of x^2 + epsilon) over the last axes of x, which have the given shape, times
/// `weight` (Zhang and Sennrich 2019).
class RMSNorm {
 public:
  /// The weight starts at 1. Without an epsilon it is that of the tape's precision, the distance
  /// from 1 to the next number. Throws ShapeError for an empty shape, ValueError unless
  /// 0 <= epsilon < infinity.
  explicit RMSNorm(const Shape& shape, std::optional<double> epsilon = {});
  explicit RMSNorm(Index width, std::optional<double> epsilon = {})
      : RMSNorm(Shape{width}, epsilon) {}

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_); }

 private:
  Parameter weight_;
  std::optional<double> epsilon_;
};

}  // namespace dtheta::nn
