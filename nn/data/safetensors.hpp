#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/shape.hpp"
#include "autodiff/tensor.hpp"
#include "nn/data/npz.hpp"

namespace dtheta::nn {

namespace detail {
class Descriptor;
}

/// What a file says beside its tensors: text by name.
using Metadata = std::map<std::string, std::string>;

/// A file of tensors by name in the format safetensors, which the Python package of that name reads
/// and writes: eight bytes for the length of the header, a header in JSON, the numbers. The header
/// is read and checked at once, a tensor when it is asked for. What was opened is read to the end,
/// also where another file takes its name meanwhile.
///
/// Throws DataError, with the file and the offset, unless the header is complete, holds at most
/// 100,000,000 bytes, and gives each tensor a name of its own, a type, a shape and its bytes: those
/// of all tensors together are the rest of the file, without gaps or overlaps. Nothing is allocated
/// on the header's word.
class SafetensorsFile {
 public:
  struct Entry {
    std::string name;
    std::string dtype;  ///< as the format calls it: "F32", "BF16", "I64"
    Shape shape;
    std::uint64_t begin, end;  ///< its bytes in the file
  };

  explicit SafetensorsFile(const std::string& file);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The tensors in the order of their bytes.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  /// The entry of that name, or nullptr.
  [[nodiscard]] const Entry* find(std::string_view tensor) const;

  /// The tensor of that name. Real numbers keep their precision (F64, F32), halves (F16, BF16)
  /// become float32, whole ones of any width and BOOL int64. DataError listing the names that there
  /// are, for other types, for a whole number that int64 cannot hold, and for what cannot be read.
  [[nodiscard]] Tensor read(std::string_view tensor) const;
  /// Whether `read` knows the type.
  [[nodiscard]] static bool is_readable(std::string_view dtype);

 private:
  std::string name_;
  std::shared_ptr<const detail::Descriptor> descriptor_;
  std::vector<Entry> entries_;
  Metadata metadata_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

/// Writes such a file: float64, float32 and int64 tensors as F64, F32 and I64. Equal tensors and
/// metadata give equal files, byte for byte. It is written beside its target, synced and renamed:
/// on DataError the target is what it was before. Throws ValueError for names that are repeated,
/// `__metadata__` or not UTF-8, and for a header that would be too long.
void write_safetensors(const std::string& file, std::span<const NamedTensor> tensors,
                       const Metadata& metadata = {});

}  // namespace dtheta::nn
