#include "nn/data/files/byte_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nn/data/data_error.hpp"

namespace dtheta::nn::detail {

void ByteSource::fail(std::uint64_t at, const std::string& rule) const {
  throw DataError(name_, at, rule);
}

std::size_t ByteSource::read(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t got = read_some(bytes.subspan(done));
    if (got == 0) break;
    done += got;
    offset_ += got;
  }
  return done;
}

void ByteSource::read_all(std::span<std::uint8_t> bytes, std::string_view what) {
  const std::uint64_t start = offset();
  const std::size_t got = read(bytes);
  if (got < bytes.size()) {
    fail(start, fmt::format("{} needs {} bytes, the file ends after {}", what, bytes.size(), got));
  }
}

std::vector<std::uint8_t> ByteSource::read_up_to(std::uint64_t limit, bool reserve) {
  constexpr std::size_t first_chunk = std::size_t{1} << 16;
  std::vector<std::uint8_t> bytes;
  if (reserve) bytes.reserve(limit);
  while (bytes.size() < limit) {
    // Doubling keeps what is allocated within twice what has really arrived.
    const std::size_t old = bytes.size();
    const std::size_t step = std::min<std::uint64_t>(limit - old, std::max(first_chunk, old));
    bytes.resize(old + step);
    const std::size_t got = read(std::span(bytes).subspan(old));
    bytes.resize(old + got);
    if (got < step) break;
  }
  return bytes;
}

std::vector<std::uint8_t> ByteSource::read_payload(std::uint64_t promised, std::string_view promise,
                                                   std::uint64_t header) {
  const auto broken = [&](std::string_view held) {
    fail(header,
         fmt::format("header promises {} = {} bytes, the file {}", promise, promised, held));
  };
  const Extent extent = remaining();
  if (extent.exact && extent.bytes != promised) broken(fmt::format("holds {}", extent.bytes));
  if (promised > extent.bytes) broken(fmt::format("holds at most {}", extent.bytes));

  std::vector<std::uint8_t> bytes = read_up_to(promised, extent.exact);
  if (bytes.size() < promised) broken(fmt::format("holds {}", bytes.size()));
  std::uint8_t extra = 0;
  if (read({&extra, 1}) != 0) broken("holds more");  // also where a checksum is verified
  return bytes;
}

}  // namespace dtheta::nn::detail
