#pragma once

#include <optional>

#include "autodiff/ops/spatial/spatial.hpp"
#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct ConvTransposeLayerOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;  ///< that of the convolution; it takes elements away here
  PerAxis dilation = 1;
  Index groups = 1;
  bool bias = true;
  /// Elements to add at the end of each axis, whose number the stride leaves open.
  PerAxis output_padding = 0;
  /// First values; uniform in (-1 / sqrt(fan), 1 / sqrt(fan)), where fan = out / groups * taps of
  /// the window, as in PyTorch, where none is given.
  Initializer weight_init{};
  Initializer bias_init{};  ///< likewise
};

namespace detail {

class ConvolutionTranspose {
 public:
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_)("bias", bias_); }

  /// For layers that use the parameters in their own way, see WeightNorm.
  [[nodiscard]] const Parameter& weight_parameter() const { return weight_; }
  [[nodiscard]] Parameter& weight_parameter() { return weight_; }
  [[nodiscard]] std::optional<Parameter>& bias_parameter() { return bias_; }
  /// What the layer says of x with other filters than its own.
  [[nodiscard]] Var forward_with(Recording& recording, Var x, Var weight) const;

 protected:
  ConvolutionTranspose(int axes, Index in, Index out, const PerAxis& kernel,
                       const ConvTransposeLayerOptions& options);

 private:
  Index in_;
  ConvTransposeLayerOptions options_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

}  // namespace detail

/// The adjoint of a convolution, for x (samples, in, ...) or one sample; see conv_transpose in
/// autodiff/ops/spatial/convolution.hpp. Its parameters are `weight` (in, out / groups, kernel...)
/// and `bias` (out). Throws as Conv1d and its kin do.
class ConvTranspose1d : public detail::ConvolutionTranspose {
 public:
  ConvTranspose1d(Index in, Index out, const PerAxis& kernel,
                  const ConvTransposeLayerOptions& options = {})
      : ConvolutionTranspose(1, in, out, kernel, options) {}
};
class ConvTranspose2d : public detail::ConvolutionTranspose {
 public:
  ConvTranspose2d(Index in, Index out, const PerAxis& kernel,
                  const ConvTransposeLayerOptions& options = {})
      : ConvolutionTranspose(2, in, out, kernel, options) {}
};
class ConvTranspose3d : public detail::ConvolutionTranspose {
 public:
  ConvTranspose3d(Index in, Index out, const PerAxis& kernel,
                  const ConvTransposeLayerOptions& options = {})
      : ConvolutionTranspose(3, in, out, kernel, options) {}
};

}  // namespace dtheta::nn
