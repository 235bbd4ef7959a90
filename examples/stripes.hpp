#pragma once

// Data for examples of images that can do without Fashion-MNIST.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "nn/data/dataset.hpp"
#include "nn/init.hpp"

/// Images of 28 x 28 like those of Fashion-MNIST: stripes in ten directions, under noise.
inline dtheta::nn::Dataset draw_stripes(dtheta::Index count, std::uint32_t seed) {
  using namespace dtheta;
  nn::Dataset data{nn::normal({count, 784}, 0.5, 0.2, {seed, 0}),
                   Tensor(Shape{count}, DType::int64)};
  const Tensor phase = nn::uniform({count}, 0, 2 * std::numbers::pi, {seed, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const double angle = static_cast<double>(i % 10) * std::numbers::pi / 10;
    data.labels.data<Index>()[i] = static_cast<Index>(i % 10);
    for (std::size_t p = 0; p < 784; ++p) {
      const double x = static_cast<double>(p % 28), y = static_cast<double>(p / 28);
      data.inputs.data<double>()[784 * i + p] +=
          0.5 * std::sin(x * std::cos(angle) + y * std::sin(angle) + phase.data<double>()[i]);
    }
  }
  return data;
}

inline dtheta::nn::DatasetSplit stripes() {
  return {draw_stripes(1000, 1), draw_stripes(300, 2), 10};
}
