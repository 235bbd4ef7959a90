#pragma once

#include <cstdint>
#include <functional>
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

/// An entry of an archive that was left where it is.
struct UnreadEntry {
  std::string name;    ///< as NamedTensor's; of a file that is no array, the whole of it
  std::string reason;  ///< why it cannot be read; empty if it was only not asked for
};

/// The arrays of a NumPy `.npz` archive, in the order of the file, all in memory.
///
/// Throws DataError unless the file is a complete zip archive of arrays that read_npy would take,
/// each under a name of its own, stored or deflated. Nothing is allocated on the archive's word.
/// What is sound but no array of numbers (strings, objects, complex numbers, a README.txt) does not
/// keep the others from being read: it is in unread(), and who asks for it is told why.
class NpzFile {
 public:
  /// Says of a name whether that array is needed.
  using Wanted = std::function<bool(std::string_view)>;

  /// `wanted`: the arrays that are read; without it, all.
  explicit NpzFile(const std::string& file, const Wanted& wanted = {});

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<NamedTensor>& arrays() const { return arrays_; }
  [[nodiscard]] const std::vector<UnreadEntry>& unread() const { return unread_; }
  [[nodiscard]] bool contains(std::string_view array) const { return find(array) != nullptr; }
  /// The array of that name, or nullptr.
  [[nodiscard]] const Tensor* find(std::string_view array) const;
  /// The array of that name. DataError listing the names that there are, or saying why this one
  /// cannot be read.
  [[nodiscard]] const Tensor& at(std::string_view array) const;
  /// Unit roundoff of the numbers as the file has them: 2^-53 for float64, 2^-24, 2^-11 for
  /// float16, 2^-9 for bfloat16; 0 for whole numbers. DataError as at().
  [[nodiscard]] double roundoff(std::string_view array) const;

 private:
  std::string name_;
  std::vector<NamedTensor> arrays_;
  std::vector<double> roundoffs_;  // of each array
  std::vector<UnreadEntry> unread_;
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
