#include "nn/layers/sequential.hpp"

#include <string>
#include <utility>

namespace dtheta::nn {

Sequential& Sequential::add(AnyLayer layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

Var Sequential::forward(Recording& recording, Var x) const {
  for (const AnyLayer& layer : layers_) x = layer.forward(recording, x);
  return x;
}

void Sequential::fields(Fields& fields) {
  for (std::size_t i = 0; i < layers_.size(); ++i) fields(std::to_string(i), layers_[i]);
}

}  // namespace dtheta::nn
