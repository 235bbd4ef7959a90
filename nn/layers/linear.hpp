#pragma once

#include <vector>

#include "autodiff/random.hpp"
#include "nn/parameter.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// A dense layer on examples in rows: x W^T + b, for x (..., in), W (out, in), b (out).
class Linear {
 public:
  /// Weights by He's normal initialisation (nn/init.hpp) under `key`, biases 0. ShapeError unless
  /// both sizes are at least 1.
  Linear(Index in, Index out, RandomKey key);
  /// Throws ShapeError when the two do not fit, TypeError for index tensors.
  Linear(Tensor weights, Tensor bias);

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] std::vector<Parameter*> parameters() { return {&weights_, &bias_}; }

  [[nodiscard]] const Tensor& weights() const { return weights_.value; }
  [[nodiscard]] const Tensor& bias() const { return bias_.value; }

 private:
  Parameter weights_;
  Parameter bias_;
};

}  // namespace dtheta::nn
