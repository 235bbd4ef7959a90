#pragma once

#include <cstdint>
#include <string_view>

#include "autodiff/var.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Activations that can be asked for by name; see autodiff/ops for their formulas.
enum class Activation : std::uint8_t {
  identity,
  relu,
  relu6,
  leaky_relu,
  elu,
  celu,
  selu,
  gelu,
  gelu_tanh,
  silu,
  mish,
  softplus,
  softsign,
  sigmoid,
  log_sigmoid,
  hardsigmoid,
  hardswish,
  tanh,
  hardtanh,
  softshrink,
  hardshrink,
  tanhshrink,
  softmax,
  log_softmax,
  softmin,
  glu,
};

/// Throws ValueError listing the names when there is no such activation.
[[nodiscard]] Activation parse_activation(std::string_view name);
[[nodiscard]] std::string_view to_string(Activation activation);

/// Records f(x), with the parameters that PyTorch has where none are given; others are layers of
/// nn/layers/activations.hpp. `axis` is that of the classes, or of the halves of glu; only softmax,
/// log_softmax, softmin and glu look at it.
[[nodiscard]] Var activate(Activation f, Var x, int axis = -1);

/// An activation as a layer; classes along the last axis.
struct Activate {
  Activation f = Activation::identity;
  [[nodiscard]] Var forward(Recording&, Var x) const { return activate(f, x); }
};

}  // namespace dtheta::nn
