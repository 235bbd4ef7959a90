#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/files/byte_source.hpp"

namespace dtheta::nn::detail {

/// How a file stores one number.
struct ElementFormat {
  enum class Kind : std::uint8_t { boolean, signed_integer, unsigned_integer, real, brain };
  // brain: bfloat16, the upper half of a float32

  Kind kind = Kind::real;
  std::size_t bytes = 8;
  std::endian order = std::endian::native;
};

/// What a header says about the numbers after it. Nothing of it is to be trusted.
struct Promise {
  std::string_view source;   ///< name of the file, for errors
  std::uint64_t offset = 0;  ///< where the dimensions stand in the file
  std::span<const std::uint64_t> dims;
  std::size_t element_bytes = 1;
};

/// The shape promised. DataError when it has too many axes, or its size in bytes overflows.
[[nodiscard]] Shape promised_shape(const Promise& promise);

/// The bytes promised, which must be all that is left of `source`.
[[nodiscard]] std::vector<std::uint8_t> read_promised(ByteSource& source, const Promise& promise);

/// The elements promised: real ones keep their precision, halves become float32, booleans and
/// integers int64.
/// DataError also for an element that int64 cannot hold and a boolean that is neither 0 nor 1.
[[nodiscard]] Tensor read_elements(ByteSource& source, const Promise& promise,
                                   const ElementFormat& format);

}  // namespace dtheta::nn::detail
