#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <numbers>
#include <utility>
#include <vector>

#include "nn/data/dataset.hpp"
#include "nn/init.hpp"
#include "nn/initialize.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/train/trainer.hpp"

/// What the tests of training share: a small problem of classes, and nets for it.
namespace dtheta::nn::test {

/// Three arms of a spiral, one class each.
inline Dataset spiral(Index per_class) {
  Dataset data{.inputs = Tensor(Shape{3 * per_class, 2}),
               .labels = Tensor(Shape{3 * per_class}, DType::int64)};
  const Tensor noise = normal({3 * per_class}, 0, 0.1, {5, 0});
  for (Index i = 0; i < 3 * per_class; ++i) {
    const Index arm = i / per_class;
    const double radius = static_cast<double>(i % per_class + 1) / static_cast<double>(per_class);
    const auto at = static_cast<std::size_t>(i);
    const double angle =
        4 * radius + static_cast<double>(arm) * 2 * std::numbers::pi / 3 + noise.data<double>()[at];
    data.inputs.data<double>()[2 * at] = radius * std::cos(angle);
    data.inputs.data<double>()[2 * at + 1] = radius * std::sin(angle);
    data.labels.data<Index>()[at] = arm;
  }
  return data;
}

inline Sequential spiral_model(double keep_prob = 1) {
  return {Linear(2, 32, {1, 0}), Activation::relu, Dropout(keep_prob, {1, 1}),
          Linear(32, 3, {1, 2})};
}

/// With state of every kind: buffers, and masks.
inline Sequential stateful_model(std::uint32_t seed = 1) {
  Sequential model{Linear(2, 16), BatchNorm(16), Activation::relu, Dropout(0.8), Linear(16, 3)};
  initialize(model, seed);
  return model;
}

inline TrainerOptions quiet(Optimizer optimizer, Index batch_size = 30) {
  TrainerOptions options;
  options.batch_size = batch_size;
  options.optimizer = std::move(optimizer);
  options.progress = false;
  return options;
}

inline std::vector<Tensor> values_of(Sequential& model) {
  std::vector<Tensor> values;
  for (const Parameter* p : parameters_of(model)) values.push_back(p->value);
  return values;
}

}  // namespace dtheta::nn::test
