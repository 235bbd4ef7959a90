#pragma once

#include <string>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// Reads a NumPy `.npy` file, versions 1.0 to 3.0, of either byte order and memory order: float32
/// and float64 keep their precision, float16 and bfloat16 become float32, booleans and integers
/// int64.
///
/// DataError when the file is anything else, ends early, or goes on after the elements that its
/// header promises. Nothing is allocated before the elements are there.
[[nodiscard]] Tensor read_npy(const std::string& file);

/// Writes `value` as a `.npy` file, version 1.0. The file is written beside its target, synced and
/// renamed: on DataError the target is what it was before.
void write_npy(const std::string& file, const Tensor& value);

}  // namespace dtheta::nn
