#pragma once

#include <stdlib.h>  // mkdtemp
#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "nn/data/data_error.hpp"

/// What the tests of nn/data share: a folder that cleans up after itself, files of given bytes, and
/// errors looked at by their text.
namespace dtheta::nn::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes first(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// A folder of its own for each test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "dtheta-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ / name; }
  /// Writes a file and returns its name.
  [[nodiscard]] std::string file(std::string_view name, const Bytes& bytes) const {
    std::ofstream(path_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return *this / name;
  }
  [[nodiscard]] std::size_t entries() const {
    const std::filesystem::directory_iterator all(path_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

 private:
  std::filesystem::path path_;
};

inline Bytes read_file(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), {}};
}

/// `bytes` as one gzip member.
inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  Bytes packed(deflateBound(&stream, bytes.size()) + 32);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// The message of the Error that `f` throws, empty when it throws none. Others pass through.
template <class Error = DataError>
std::string message(std::invocable auto&& f) {
  try {
    static_cast<void>(f());
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

/// Every proper prefix of `whole`, written to `file` and read by `reader`, must give a DataError
/// that names the file.
template <class Reader>
void check_every_truncation(const TempFolder& folder, const Bytes& whole, Reader reader) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string file = folder.file("cut", first(whole, size));
    const std::string text = message([&] { return reader(file); });
    BOOST_TEST(text.starts_with(file + ": "), size << " of " << whole.size() << ": " << text);
  }
}

/// `whole` with each byte in turn changed in several ways: `reader` must throw DataError, or
/// return something for which `acceptable` holds.
template <class Reader, class Acceptable>
void check_every_damage(const TempFolder& folder, const Bytes& whole, Reader reader,
                        Acceptable acceptable) {
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      Bytes damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ mask);
      const std::string file = folder.file("damaged", damaged);
      bool good = true;
      message([&] {
        good = acceptable(reader(file));
        return 0;
      });
      BOOST_TEST(good, "byte " << at << " changed by " << mask);
    }
  }
}

}  // namespace dtheta::nn::test
