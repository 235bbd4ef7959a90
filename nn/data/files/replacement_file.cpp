#include "nn/data/files/replacement_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "nn/data/data_error.hpp"
#include "nn/data/files/descriptor.hpp"

namespace dtheta::nn::detail {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

/// Creates an empty file in `folder` under a name that nobody has, and returns the name; an empty
/// name, with errno set, when it cannot. The name is short: a longer one than the target's might
/// not be allowed where the target's is.
std::string create_unique(const fs::path& folder, mode_t mode) {
  for (int n = 0;; ++n) {
    std::string name = folder / fmt::format(".dtheta-{}-{}.tmp", ::getpid(), n);
    const Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.valid()) return name;
    if (errno != EEXIST) return {};
  }
}

}  // namespace

ReplacementFile::ReplacementFile(const std::string& target) : name_(target) {
  std::error_code ignored;
  const fs::path resolved = fs::weakly_canonical(target, ignored);
  target_ = resolved.empty() ? target : resolved.string();

  struct stat old {};
  const bool exists = ::stat(target_.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    throw DataError(name_, "cannot be written: it is not a plain file");
  }
  temporary_ = create_unique(folder_of(target_), 0666);
  if (temporary_.empty()) fail("cannot be written");
  // Only where the file system knows permissions; the content matters more.
  if (exists) static_cast<void>(::chmod(temporary_.c_str(), old.st_mode & 07777));
}

ReplacementFile::~ReplacementFile() {
  if (!temporary_.empty()) static_cast<void>(::unlink(temporary_.c_str()));
}

void ReplacementFile::append(std::span<const std::uint8_t> bytes) {
  const Descriptor file(::open(temporary_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.valid()) fail("cannot be written");
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void ReplacementFile::commit() {
  const Descriptor file(::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) fail("cannot be synced to disk");
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be replaced");
  temporary_.clear();
  // The rename is done and cannot be taken back: a folder that cannot be synced is no failure.
  const Descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) static_cast<void>(::fsync(folder.get()));
}

void ReplacementFile::fail(const std::string& action) const {
  throw DataError(name_, action + ": " + system_reason());
}

}  // namespace dtheta::nn::detail
