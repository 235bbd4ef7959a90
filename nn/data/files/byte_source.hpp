#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dtheta::nn::detail {

/// Bytes, in order, from a file, a compressed stream or an entry of an archive. It counts them and
/// knows its name, so that every reader of a format reports errors alike.
class ByteSource {
 public:
  /// What is known, before reading, of how many bytes a source still has.
  struct Extent {
    std::uint64_t bytes = UINT64_MAX;  ///< never more than this
    bool exact = false;                ///< and, when true, never less
  };

  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Number of bytes read so far, and of those before it where it is part of a file.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// Fills `bytes`; returns how many, fewer only at the end of the source.
  std::size_t read(std::span<std::uint8_t> bytes);
  /// Fills all of `bytes`; DataError naming `what` when the source ends first.
  void read_all(std::span<std::uint8_t> bytes, std::string_view what);
  /// The `promised` bytes that end the source, whose header says at `header` that they are there:
  /// `promise` is how it says it, "60000 x 28 x 28". DataError when there are fewer or more.
  /// Memory grows with what is really read: a false promise allocates nothing.
  [[nodiscard]] std::vector<std::uint8_t> read_payload(std::uint64_t promised,
                                                       std::string_view promise,
                                                       std::uint64_t header);

  /// Throws DataError for this source.
  [[noreturn]] void fail(std::uint64_t at, const std::string& rule) const;

 protected:
  /// `offset`: where in the file it begins.
  explicit ByteSource(std::string name, std::uint64_t offset = 0)
      : name_(std::move(name)), offset_(offset) {}

 private:
  /// At least one byte of a `bytes` that is not empty, or 0 at the end.
  virtual std::size_t read_some(std::span<std::uint8_t> bytes) = 0;
  [[nodiscard]] virtual Extent remaining() = 0;

  std::vector<std::uint8_t> read_up_to(std::uint64_t limit, bool reserve);

  std::string name_;
  std::uint64_t offset_;
};

/// Deflate cannot expand a byte to more than this many.
inline constexpr std::uint64_t max_deflate_ratio = 1032;

/// Opens a file. Gzip is recognised by its first bytes, whatever the file is called, and may have
/// several members; anything else is read as it is.
[[nodiscard]] std::unique_ptr<ByteSource> open_file(const std::string& file);

}  // namespace dtheta::nn::detail
