#pragma once

#include <initializer_list>
#include <vector>

#include "nn/layer.hpp"
#include "nn/lifetime.hpp"

namespace dtheta::nn {

/// Layers one after the other, themselves a layer:
///   Sequential model{Linear(784, 128, {1, 0}), Activation::relu, Dropout(0.8, {1, 1}),
///                    Linear(128, 10, {1, 2})};
/// Those that have parameters are numbered from 1 in order, across nested ones too, so that their
/// parameters are W1, b1, W2, b2.
class Sequential {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<AnyLayer> layers);

  Sequential& add(AnyLayer layer);

  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  [[nodiscard]] std::vector<Parameter*> parameters();

  /// For those who refer to this model: whether it is still here.
  [[nodiscard]] Lifetime::Watch watch() const { return lifetime_.watch(); }

 private:
  std::vector<AnyLayer> layers_;
  int numbered_ = 0;  // layers that have parameters
  Lifetime lifetime_;
};

}  // namespace dtheta::nn
