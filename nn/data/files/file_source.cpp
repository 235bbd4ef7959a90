// Files, plain and gzip, as ByteSource. This calls inflate() rather than gzread(), which ignores
// whatever follows a gzip stream and takes one that is cut after its first byte for plain text.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "nn/data/data_error.hpp"
#include "nn/data/files/byte_source.hpp"
#include "nn/data/files/descriptor.hpp"

namespace dtheta::nn::detail {
namespace {

struct EndInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};
using Inflater = std::unique_ptr<z_stream, EndInflate>;

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& file);

 private:
  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    return inflater_ ? inflate_some(bytes) : copy_some(bytes);
  }
  Extent remaining() override;

  std::size_t copy_some(std::span<std::uint8_t> bytes);
  std::size_t inflate_some(std::span<std::uint8_t> bytes);
  bool next_member();
  bool refill();
  [[noreturn]] void fail_gzip(std::string_view rule) const;

  Descriptor descriptor_;
  std::uint64_t size_ = UINT64_MAX;  // of the file on disk; unknown for a pipe
  bool size_known_ = false;
  std::array<std::uint8_t, std::size_t{1} << 16> buffer_{};
  std::span<std::uint8_t> unread_;  // the part of buffer_ that is still to be used
  std::uint64_t consumed_ = 0;      // bytes read from disk
  Inflater inflater_;
  bool between_members_ = false;
};

FileSource::FileSource(const std::string& file)
    : ByteSource(file), descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (!descriptor_.valid() || ::fstat(descriptor_.get(), &status) != 0) {
    throw DataError(file, "cannot be opened: " + system_reason());
  }
  if (S_ISDIR(status.st_mode)) throw DataError(file, "is a directory");
  if (S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    size_known_ = true;
  }
  refill();
  if (unread_.size() < 2 || unread_[0] != 0x1f || unread_[1] != 0x8b) return;
  inflater_.reset(new z_stream{});
  constexpr int gzip_only = 15 + 16;
  if (inflateInit2(inflater_.get(), gzip_only) != Z_OK) throw std::bad_alloc();
}

ByteSource::Extent FileSource::remaining() {
  if (!size_known_) return {};
  if (!inflater_) return {.bytes = size_ - std::min(size_, offset()), .exact = true};
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(size_, max_deflate_ratio, &bytes)) return {};
  return {.bytes = bytes, .exact = false};
}

/// False at the end of the file.
bool FileSource::refill() {
  ssize_t got = 0;
  do {
    got = ::read(descriptor_.get(), buffer_.data(), buffer_.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) fail(consumed_, "cannot be read: " + system_reason());
  unread_ = std::span(buffer_).first(static_cast<std::size_t>(got));
  consumed_ += unread_.size();
  return got > 0;
}

std::size_t FileSource::copy_some(std::span<std::uint8_t> bytes) {
  if (unread_.empty() && !refill()) return 0;
  const std::size_t count = std::min(bytes.size(), unread_.size());
  std::ranges::copy(unread_.first(count), bytes.begin());
  unread_ = unread_.subspan(count);
  return count;
}

std::size_t FileSource::inflate_some(std::span<std::uint8_t> bytes) {
  z_stream& stream = *inflater_;
  const auto wanted = static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1U << 30));
  stream.next_out = bytes.data();
  stream.avail_out = wanted;
  while (stream.avail_out == wanted) {
    if (between_members_ && !next_member()) return 0;
    if (unread_.empty() && !refill()) fail_gzip("ends early");
    stream.next_in = unread_.data();
    stream.avail_in = static_cast<uInt>(unread_.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    unread_ = unread_.last(stream.avail_in);
    if (status == Z_STREAM_END) {
      between_members_ = true;
    } else if (status != Z_OK) {
      fail_gzip(fmt::format("is damaged: {}", stream.msg != nullptr ? stream.msg : "no gzip data"));
    }
  }
  return wanted - stream.avail_out;
}

/// False at the end of the file; true when a further member starts there.
bool FileSource::next_member() {
  if (unread_.empty() && !refill()) return false;
  if (unread_[0] != 0x1f) fail_gzip("ends here, but more bytes follow");
  inflateReset(inflater_.get());
  between_members_ = false;
  return true;
}

void FileSource::fail_gzip(std::string_view rule) const {
  throw DataError(name(), fmt::format("offset {} of the compressed file: the gzip stream {}",
                                      consumed_ - unread_.size(), rule));
}

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::string& file) {
  return std::make_unique<FileSource>(file);
}

}  // namespace dtheta::nn::detail
