#pragma once

#include <cstdint>
#include <string_view>

#include "autodiff/var.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// Activations that can be asked for by name.
enum class Activation : std::uint8_t {
  identity,
  relu,
  leaky_relu,
  sigmoid,
  log_sigmoid,
  tanh,
  softplus,
  softsign,
  silu,
  elu,
  softmax,
  log_softmax,
};

/// Throws ValueError listing the names when there is no such activation.
[[nodiscard]] Activation parse_activation(std::string_view name);
[[nodiscard]] std::string_view to_string(Activation activation);

/// Records f(x). `axis` is that of the classes; only softmax and log_softmax look at it.
[[nodiscard]] Var activate(Activation f, Var x, int axis = -1);

/// An activation as a layer; classes along the last axis.
struct Activate {
  Activation f = Activation::identity;
  [[nodiscard]] Var forward(Recording&, Var x) const { return activate(f, x); }
};

}  // namespace dtheta::nn
