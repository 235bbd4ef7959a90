#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace dtheta::nn::detail {

/// A file written in full beside its target before it takes the target's place, so that a crash, a
/// full disk or an exception leaves either the old content or the new, never a part.
///
/// Follows symbolic links and keeps the permissions of a file that it replaces.
class ReplacementFile {
 public:
  /// Creates the temporary file, empty. DataError when it cannot, or the target is no plain file.
  explicit ReplacementFile(const std::string& target);
  ReplacementFile(const ReplacementFile&) = delete;
  ReplacementFile& operator=(const ReplacementFile&) = delete;
  /// Removes the temporary file unless it has been committed.
  ~ReplacementFile();

  /// The name under which to write.
  [[nodiscard]] const std::string& temporary() const { return temporary_; }
  /// Appends to the temporary file.
  void append(std::span<const std::uint8_t> bytes);
  /// Brings what is under the temporary name to disk and renames it to the target.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& action) const;

  std::string name_;    // as the caller calls it, for errors
  std::string target_;  // with symbolic links resolved
  std::string temporary_;
};

}  // namespace dtheta::nn::detail
