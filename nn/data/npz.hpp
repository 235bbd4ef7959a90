#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// An array under the name it has in a `.npz` archive, without the suffix ".npy".
struct NamedTensor {
  std::string name;
  Tensor value;
};

/// The arrays of a NumPy `.npz` archive, in the order of the file, all in memory.
///
/// Throws DataError unless the file is a complete zip archive of arrays that read_npy would take,
/// each under a name of its own, stored or deflated. Nothing is allocated on the archive's word.
class NpzFile {
 public:
  explicit NpzFile(const std::string& file);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<NamedTensor>& arrays() const { return arrays_; }
  [[nodiscard]] bool contains(std::string_view array) const { return find(array) != nullptr; }
  /// The array of that name, or nullptr.
  [[nodiscard]] const Tensor* find(std::string_view array) const;
  /// The array of that name. DataError listing the names that there are.
  [[nodiscard]] const Tensor& at(std::string_view array) const;

 private:
  std::string name_;
  std::vector<NamedTensor> arrays_;
};

/// How an archive keeps its arrays. Weights hardly shrink, images and masks do.
enum class Compression : std::uint8_t { stored, deflated };

/// Writes a `.npz` archive that NumPy reads. Equal arrays give equal files, byte for byte. It is
/// written beside its target, synced and renamed: on DataError the target is what it was before.
/// Throws ValueError for names that are empty, repeated or not UTF-8 text, and when there is no
/// array.
void write_npz(const std::string& file, std::span<const NamedTensor> arrays,
               Compression compression = Compression::stored);

}  // namespace dtheta::nn
