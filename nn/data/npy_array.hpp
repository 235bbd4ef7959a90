#pragma once

#include <cstdint>
#include <span>

#include "autodiff/tensor.hpp"
#include "nn/data/files/byte_source.hpp"

namespace dtheta::nn::detail {

/// An array and what its file kept of it.
struct StoredArray {
  Tensor value;
  double roundoff = 0;  ///< unit roundoff of the real numbers in the file; 0 for whole ones
};

/// Reads the header and the elements of a `.npy` array, which must be all that `source` has.
[[nodiscard]] StoredArray read_npy_array(ByteSource& source);

/// The elements as bytes in the machine's order: what follows the header in a `.npy` array.
[[nodiscard]] std::span<const std::uint8_t> npy_elements(const Tensor& value);

}  // namespace dtheta::nn::detail
