// write_npz: the other half of npz.hpp.

#include <fmt/format.h>
#include <zip.h>

#include <array>
#include <list>
#include <memory>
#include <unordered_set>

#include "autodiff/errors.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/files/npy_header.hpp"
#include "nn/data/files/replacement_file.hpp"
#include "nn/data/files/zip_archive.hpp"
#include "nn/data/npy_array.hpp"
#include "nn/data/npz.hpp"

namespace dtheta::nn {
namespace {

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

constexpr std::string_view suffix = ".npy";

/// The format has two bytes for the length of a name; libzip does not look.
constexpr std::size_t max_name = 0xffff - suffix.size();

void require_names(const std::string& file, std::span<const NamedTensor> arrays) {
  if (arrays.empty()) throw ValueError(fmt::format("write_npz {}: there are no arrays", file));
  std::unordered_set<std::string_view> seen;
  for (const NamedTensor& array : arrays) {
    const std::string_view name = array.name;
    if (name.empty()) throw ValueError(fmt::format("write_npz {}: an array has no name", file));
    if (name.find('\0') != std::string_view::npos) {
      throw ValueError(fmt::format("write_npz {}: the name {:?} has a zero byte", file, name));
    }
    if (name.size() > max_name) {
      throw ValueError(fmt::format("write_npz {}: the name {:?}... has {} bytes, at most {} fit",
                                   file, name.substr(0, 32), name.size(), max_name));
    }
    if (!seen.insert(name).second) {
      throw ValueError(fmt::format("write_npz {}: two arrays have the name '{}'", file, name));
    }
  }
}

/// An archive in the making. libzip reads the arrays, which it does not copy, in finish().
class ArchiveWriter {
 public:
  ArchiveWriter(const std::string& name, const std::string& path)
      : name_(name), archive_(detail::open_zip(name, path, ZIP_CREATE | ZIP_TRUNCATE)) {}

  void add(const NamedTensor& array, Compression compression) {
    const std::string& header = headers_.emplace_back(detail::npy_header(array.value));
    const std::span<const std::uint8_t> elements = detail::npy_elements(array.value);
    std::array<zip_buffer_fragment_t, 2> parts{{
        {reinterpret_cast<zip_uint8_t*>(const_cast<char*>(header.data())), header.size()},
        {const_cast<zip_uint8_t*>(elements.data()), elements.size()},
    }};
    Source source(zip_source_buffer_fragment(archive_.get(), parts.data(), parts.size(), 0));
    if (!source) fail(array.name);
    const zip_int64_t added = zip_file_add(
        archive_.get(), (array.name + std::string(suffix)).c_str(), source.get(), ZIP_FL_ENC_UTF_8);
    if (added < 0) {
      throw ValueError(fmt::format("write_npz {}: the name {:?} cannot be that of an entry: {}",
                                   name_, array.name, zip_strerror(archive_.get())));
    }
    static_cast<void>(source.release());  // the archive owns it now
    const auto index = static_cast<zip_uint64_t>(added);
    const zip_int32_t method = compression == Compression::stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
    constexpr zip_uint16_t first_of_january_1980 = 0x21;  // no clock: equal arrays, equal files
    if (zip_set_file_compression(archive_.get(), index, method, 0) != 0 ||
        zip_file_set_dostime(archive_.get(), index, 0, first_of_january_1980, 0) != 0) {
      fail(array.name);
    }
  }

  void finish() {
    if (zip_close(archive_.get()) != 0) fail("the archive");
    static_cast<void>(archive_.release());
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_,
                    fmt::format("{} cannot be written: {}", what, zip_strerror(archive_.get())));
  }

  const std::string& name_;
  std::list<std::string> headers_;  // a list, for addresses that stay
  detail::ZipArchive archive_;
};

}  // namespace

void write_npz(const std::string& file, std::span<const NamedTensor> arrays,
               Compression compression) {
  require_names(file, arrays);
  detail::ReplacementFile output(file);
  ArchiveWriter writer(file, output.temporary());
  for (const NamedTensor& array : arrays) writer.add(array, compression);
  writer.finish();
  output.commit();
}

}  // namespace dtheta::nn
