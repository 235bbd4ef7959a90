#pragma once

#include <span>
#include <vector>

#include "nn/data/npz.hpp"
#include "nn/loss.hpp"
#include "nn/parameter.hpp"

namespace dtheta::nn::detail {

/// The arrays of a dense network, valid in themselves and against each other.
struct DenseArrays {
  Tensor x;                           // (n0, m), real
  Tensor y;                           // (nL, m), real; or (m), the classes as int64
  std::vector<Parameter> parameters;  // W1, b1, W2, b2, ...
};

/// Finds X, Y, W1, b1, ... among the arrays; see DenseNetwork for what is refused.
[[nodiscard]] DenseArrays find_dense_arrays(std::span<const NamedTensor> arrays, Loss loss);

}  // namespace dtheta::nn::detail
