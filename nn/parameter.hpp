#pragma once

#include <string>

#include "autodiff/tensor.hpp"
#include "nn/lifetime.hpp"

namespace dtheta::nn {

/// A tensor that training changes.
struct Parameter {
  std::string symbol;       ///< "W" or "b", the name without the layer
  Tensor value{};           ///< kept in float64, whatever the precision of the training
  int layer = 1;            ///< counted from 1 among the layers that have parameters
  bool regularized = true;  ///< weight penalties apply to it; biases are left alone
  Lifetime lifetime{};      ///< recordings know a parameter by its address

  /// "W1": the symbol and the layer.
  [[nodiscard]] std::string name() const { return symbol + std::to_string(layer); }
};

}  // namespace dtheta::nn
