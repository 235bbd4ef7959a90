#pragma once

#include <optional>

#include "autodiff/random.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct LinearOptions {
  /// First weights; uniform in (-1 / sqrt(in), 1 / sqrt(in)), as in PyTorch, where none is given.
  Initializer weight_init{};
  Initializer bias_init{};  ///< likewise
  bool bias = true;
};

/// A dense layer on examples in rows: x W^T + b, for x (..., in), W (out, in), b (out). Its
/// parameters are `weight` and `bias`.
class Linear {
 public:
  /// Throws ShapeError unless both sizes are at least 1.
  Linear(Index in, Index out, const LinearOptions& options = {});
  /// With values drawn at once, under `key`.
  Linear(Index in, Index out, RandomKey key, const LinearOptions& options = {});
  /// Throws ShapeError when the two do not fit, TypeError for index tensors.
  Linear(Tensor weight, Tensor bias);

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

  [[nodiscard]] const Tensor& weight() const { return weight_.value; }
  /// A scalar 0 where there is none.
  [[nodiscard]] Tensor bias() const { return bias_ ? bias_->value : Tensor(0.0); }

  /// For layers that use the two in an op of their own.
  [[nodiscard]] const Parameter& weight_parameter() const { return weight_; }
  [[nodiscard]] const std::optional<Parameter>& bias_parameter() const { return bias_; }
  [[nodiscard]] Parameter& weight_parameter() { return weight_; }
  [[nodiscard]] std::optional<Parameter>& bias_parameter() { return bias_; }
  /// What the layer says of x with another weight than its own.
  [[nodiscard]] Var forward_with(Recording& recording, Var x, Var weight) const;

 private:
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace dtheta::nn
