#include "nn/layers/sequential.hpp"

#include <algorithm>
#include <utility>

namespace dtheta::nn {

Sequential::Sequential(std::initializer_list<AnyLayer> layers) {
  for (const AnyLayer& layer : layers) add(layer);
}

Sequential& Sequential::add(AnyLayer layer) {
  // A layer numbers its own from 1 on; here they come after those that are there.
  int last = numbered_;
  for (Parameter* p : layer.parameters()) {
    p->layer += numbered_;
    last = std::max(last, p->layer);
  }
  numbered_ = last;
  layers_.push_back(std::move(layer));
  return *this;
}

Var Sequential::forward(Recording& recording, Var x) const {
  for (const AnyLayer& layer : layers_) x = layer.forward(recording, x);
  return x;
}

std::vector<Parameter*> Sequential::parameters() {
  std::vector<Parameter*> all;
  for (AnyLayer& layer : layers_) {
    const std::vector<Parameter*> own = layer.parameters();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

}  // namespace dtheta::nn
