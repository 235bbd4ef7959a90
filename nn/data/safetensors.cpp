#include "nn/data/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "nn/data/data_error.hpp"
#include "nn/data/files/byte_source.hpp"
#include "nn/data/files/descriptor.hpp"
#include "nn/data/files/safetensors_header.hpp"

namespace dtheta::nn {
namespace {

/// Part of an open file. Its offsets are the file's.
class RangeSource final : public detail::ByteSource {
 public:
  RangeSource(const std::string& name, int file, std::uint64_t begin, std::uint64_t end)
      : ByteSource(name, begin), file_(file), end_(end) {}

 private:
  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    const std::size_t count = std::min<std::uint64_t>(bytes.size(), end_ - offset());
    ssize_t got = 0;
    do {
      got = ::pread(file_, bytes.data(), count, static_cast<off_t>(offset()));
    } while (got < 0 && errno == EINTR);
    if (got < 0) fail(offset(), "cannot be read: " + detail::system_reason());
    return static_cast<std::size_t>(got);
  }
  Extent remaining() override { return {.bytes = end_ - offset(), .exact = true}; }

  int file_;
  std::uint64_t end_;
};

std::uint64_t size_of_plain_file(const std::string& name, const detail::Descriptor& file) {
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    throw DataError(name, "cannot be opened: " + detail::system_reason());
  }
  if (!S_ISREG(status.st_mode)) throw DataError(name, "is not a plain file");
  return static_cast<std::uint64_t>(status.st_size);
}

std::uint64_t header_length(RangeSource& source, std::uint64_t file_bytes) {
  std::array<std::uint8_t, detail::safetensors_length_bytes> bytes{};
  source.read_all(bytes, "the length of the header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) length |= std::uint64_t{bytes[i]} << 8 * i;
  if (length > detail::safetensors_max_header) {
    source.fail(0, fmt::format("the header would have {} bytes, the format allows {}: this is no "
                               "safetensors file",
                               length, detail::safetensors_max_header));
  }
  if (length > file_bytes - bytes.size()) {
    source.fail(0, fmt::format("the header would have {} bytes, the file has {} more", length,
                               file_bytes - bytes.size()));
  }
  return length;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& file)
    : name_(file),
      descriptor_(
          std::make_shared<const detail::Descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC))) {
  const std::uint64_t bytes = size_of_plain_file(name_, *descriptor_);
  RangeSource source(name_, descriptor_->get(), 0, bytes);
  const std::uint64_t length = header_length(source, bytes);
  std::vector<std::uint8_t> text(length);
  source.read_all(text, "the header");
  const std::string_view view(reinterpret_cast<const char*>(text.data()), text.size());
  detail::SafetensorsHeader header =
      detail::read_safetensors_header(name_, view, bytes - source.offset());
  entries_ = std::move(header.entries);
  metadata_ = std::move(header.metadata);
  for (std::size_t i = 0; i < entries_.size(); ++i) places_.emplace(entries_[i].name, i);
}

const SafetensorsFile::Entry* SafetensorsFile::find(std::string_view tensor) const {
  const auto at = places_.find(tensor);
  return at == places_.end() ? nullptr : &entries_[at->second];
}

bool SafetensorsFile::is_readable(std::string_view dtype) {
  return detail::safetensors_format(dtype).has_value();
}

Tensor SafetensorsFile::read(std::string_view tensor) const {
  const Entry* entry = find(tensor);
  if (entry == nullptr) {
    std::vector<std::string_view> names;
    for (const Entry& e : entries_) names.push_back(e.name);
    throw DataError(
        name_, fmt::format("no tensor '{}'; there are: {}", tensor,
                           names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  const auto format = detail::safetensors_format(entry->dtype);
  if (!format) {
    throw DataError(name_, entry->begin,
                    fmt::format("tensor '{}' is {}; what can be read is {}", tensor, entry->dtype,
                                detail::safetensors_dtypes()));
  }
  std::vector<std::uint64_t> dims;
  for (const Index d : entry->shape.dims()) dims.push_back(static_cast<std::uint64_t>(d));
  RangeSource source(name_, descriptor_->get(), entry->begin, entry->end);
  return detail::read_elements(
      source,
      {.source = name_, .offset = entry->begin, .dims = dims, .element_bytes = format->bytes},
      *format);
}

}  // namespace dtheta::nn
