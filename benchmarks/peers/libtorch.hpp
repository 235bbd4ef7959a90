#pragma once

#include <torch/csrc/api/include/torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/work.hpp"

namespace dtheta::bench {

using torch::Tensor;

template <class T>
Tensor tensor(const std::vector<T>& values, const std::vector<std::int64_t>& shape) {
  return torch::tensor(values, c10::CppTypeToScalarType<T>::value).reshape(shape);
}

/// ADBench's cases by libtorch: "gmm-25", "gmm-50", and the LSTM.
Work libtorch_gmm(const std::string& name);
Work libtorch_lstm();

}  // namespace dtheta::bench
