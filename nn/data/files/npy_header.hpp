#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/files/byte_source.hpp"
#include "nn/data/files/elements.hpp"

namespace dtheta::nn::detail {

/// A sound array of elements that no Tensor holds: strings, objects, complex numbers, structures.
struct UnsupportedElements : DataError {
  using DataError::DataError;
};

/// What the header of a `.npy` array says.
struct NpyHeader {
  ElementFormat format;
  bool column_major = false;
  std::vector<std::uint64_t> dims;
  std::uint64_t dims_offset = 0;  ///< where in the file the dimensions stand
};

/// Reads the header, versions 1.0 to 3.0, and stops at the first element. DataError when it is not
/// one, UnsupportedElements when it describes elements that no Tensor holds.
[[nodiscard]] NpyHeader read_npy_header(ByteSource& source);

/// The version 1.0 header NumPy would write for `value`: row-major, in the machine's byte order,
/// padded so that the elements start at a multiple of 64 bytes.
[[nodiscard]] std::string npy_header(const Tensor& value);

}  // namespace dtheta::nn::detail
