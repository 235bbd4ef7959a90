#include "nn/data/npz.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "nn/data/data_error.hpp"
#include "nn/data/files/byte_source.hpp"
#include "nn/data/files/npy_header.hpp"
#include "nn/data/files/zip_archive.hpp"
#include "nn/data/npy_array.hpp"

namespace dtheta::nn {
namespace {

constexpr std::string_view suffix = ".npy";
constexpr std::string_view no_array = "not an array: its name does not end in .npy";

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};
using Entry = std::unique_ptr<zip_file_t, CloseEntry>;

/// One entry of an archive, unpacked while it is read.
class EntrySource final : public detail::ByteSource {
 public:
  EntrySource(std::string name, Entry entry, std::uint64_t limit)
      : ByteSource(std::move(name)), entry_(std::move(entry)), limit_(limit) {}

 private:
  std::size_t read_some(std::span<std::uint8_t> bytes) override {
    const zip_int64_t got = zip_fread(entry_.get(), bytes.data(), bytes.size());
    if (got < 0) {
      fail(offset(), fmt::format("the entry of the archive is damaged: {}",
                                 zip_error_strerror(zip_file_get_error(entry_.get()))));
    }
    return static_cast<std::size_t>(got);
  }
  Extent remaining() override {
    return {.bytes = limit_ - std::min(limit_, offset()), .exact = false};
  }

  Entry entry_;
  std::uint64_t limit_;
};

/// Size of the archive on disk.
std::uint64_t archive_size(const std::string& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  if (error) throw DataError(file, "cannot be opened: " + error.message());
  return size;
}

zip_stat_t status_of(const std::string& file, zip_t* archive, std::uint64_t index) {
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat_index(archive, index, 0, &status) != 0 || (status.valid & ZIP_STAT_NAME) == 0) {
    throw DataError(file, fmt::format("entry {} of the archive has no readable header", index));
  }
  return status;
}

/// Opens entry `index`, of which no more than `limit` bytes can be real.
EntrySource open_entry(const std::string& file, zip_t* archive, std::uint64_t index,
                       std::uint64_t limit) {
  const zip_stat_t status = status_of(file, archive, index);
  const std::string name = fmt::format("{}:{}", file, status.name);
  const bool known = (status.valid & ZIP_STAT_COMP_METHOD) != 0;
  if (!known || (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE)) {
    throw DataError(name, fmt::format("compression method {} is neither stored nor deflated",
                                      status.comp_method));
  }
  Entry entry(zip_fopen_index(archive, index, 0));
  if (!entry) throw DataError(name, zip_strerror(archive));
  return {name, std::move(entry), limit};
}

/// Reads on to the end, where the checksum stands: what looks like another type may be damage.
void check_rest(detail::ByteSource& source) {
  std::array<std::uint8_t, 4096> bytes{};
  while (source.read(bytes) == bytes.size()) {
  }
}

}  // namespace

NpzFile::NpzFile(const std::string& file, const Wanted& wanted) : name_(file) {
  // All entries together cannot unpack to more than this, unless they share their bytes: that is
  // how a small archive is made to fill a memory.
  std::uint64_t budget = 0;
  const std::uint64_t size = archive_size(file);
  if (size == 0) throw DataError(file, "is empty, a zip archive is not");
  if (__builtin_mul_overflow(size, detail::max_deflate_ratio, &budget)) budget = UINT64_MAX;

  // The strict check also refuses names that come twice.
  const detail::ZipArchive archive = detail::open_zip(file, file, ZIP_RDONLY | ZIP_CHECKCONS);
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string array = status_of(file, archive.get(), i).name;
    if (!array.ends_with(suffix)) {
      unread_.push_back({std::move(array), std::string(no_array)});
      continue;
    }
    array.resize(array.size() - suffix.size());
    if (wanted && !wanted(array)) {
      unread_.push_back({std::move(array), {}});
      continue;
    }
    EntrySource source = open_entry(file, archive.get(), i, budget);
    try {
      detail::StoredArray stored = detail::read_npy_array(source);
      arrays_.push_back({std::move(array), std::move(stored.value)});
      roundoffs_.push_back(stored.roundoff);
    } catch (const detail::UnsupportedElements& e) {
      check_rest(source);
      // The message begins with the name of the source and ": ".
      unread_.push_back({std::move(array), e.what() + source.name().size() + 2});
    }
    budget -= std::min(budget, source.offset());
  }
}

const Tensor* NpzFile::find(std::string_view array) const {
  const auto found = std::ranges::find(arrays_, array, &NamedTensor::name);
  return found == arrays_.end() ? nullptr : &found->value;
}

const Tensor& NpzFile::at(std::string_view array) const {
  if (const Tensor* found = find(array)) return *found;
  std::vector<std::string> names;
  for (const NamedTensor& a : arrays_) names.push_back(fmt::format("'{}'", a.name));
  for (const UnreadEntry& e : unread_) {
    if (e.name == array && !e.reason.empty()) {
      throw DataError(
          fmt::format("{}:{}{}", name_, e.name, e.reason == no_array ? std::string_view() : suffix),
          e.reason);
    }
    if (e.reason.empty()) names.push_back(fmt::format("'{}'", e.name));
  }
  throw DataError(name_,
                  fmt::format("no array '{}', there {} {}", array, names.size() == 1 ? "is" : "are",
                              names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

double NpzFile::roundoff(std::string_view array) const {
  const Tensor& found = at(array);
  const auto same = [&](const NamedTensor& a) { return &a.value == &found; };
  return roundoffs_[static_cast<std::size_t>(std::ranges::find_if(arrays_, same) -
                                             arrays_.begin())];
}

}  // namespace dtheta::nn
