#pragma once

#include <initializer_list>
#include <vector>

#include "nn/layer.hpp"
#include "nn/lifetime.hpp"

namespace dtheta::nn {

/// Layers one after the other, themselves a layer:
///   Sequential model{Linear(784, 128), Activation::relu, Dropout(0.8), Linear(128, 10)};
///   initialize(model, 1);
/// Their paths are their places: the parameters of this one are 0.weight, 0.bias, 3.weight, 3.bias.
class Sequential {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<AnyLayer> layers) : layers_(layers) {}

  Sequential& add(AnyLayer layer);

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields);
  [[nodiscard]] std::size_t size() const { return layers_.size(); }

  /// For those who refer to this model: whether it is still here.
  [[nodiscard]] Lifetime::Watch watch() const { return lifetime_.watch(); }

 private:
  std::vector<AnyLayer> layers_;
  Lifetime lifetime_;
};

}  // namespace dtheta::nn
