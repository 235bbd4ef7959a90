#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace dtheta::nn {

/// A data file that cannot be read or written, or that breaks a rule of its format. The message
/// names the file, where it can the byte offset, and the rule:
/// `train.gz: offset 4: header promises 60000 x 28 x 28 = 47040000 bytes, the file holds 1000`.
///
/// Offsets count the bytes of the content: uncompressed in a `.gz` file, and from the start of the
/// array in a `.npz` archive, where the file is named `weights.npz:W1.npy`. Only damage to the
/// compression itself is placed in the compressed file, and says so.
struct DataError : std::runtime_error {
  DataError(const std::string& file, const std::string& rule)
      : std::runtime_error(file + ": " + rule) {}
  DataError(const std::string& file, std::uint64_t offset, const std::string& rule)
      : DataError(file, "offset " + std::to_string(offset) + ": " + rule) {}
};

}  // namespace dtheta::nn
