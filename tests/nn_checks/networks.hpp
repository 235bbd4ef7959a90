#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "nn/init.hpp"
#include "nn/layers/sequential.hpp"

namespace dtheta::nn::test {

/// A small network with a layer in it, and what goes in.
struct Net {
  std::string name;
  Sequential model;
  Tensor input;
  friend std::ostream& operator<<(std::ostream& out, const Net& net) { return out << net.name; }
};

/// Standard normal numbers, others for every shape.
inline Tensor numbers(const Shape& shape) {
  return normal(shape, 0, 1, {71, static_cast<std::uint32_t>(shape.size())});
}

/// Indices below `count`.
inline Tensor indices(const Shape& shape, Index count) {
  Tensor t(shape, DType::int64);
  Index i = 0;
  for (Index& v : t.data<Index>()) {
    v = (i * i + i / 2) % count;
    ++i;
  }
  return t;
}

std::vector<Net> activation_nets();
std::vector<Net> dense_nets();
std::vector<Net> plane_nets();
std::vector<Net> sequence_nets();

}  // namespace dtheta::nn::test
