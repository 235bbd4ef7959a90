#pragma once

#include <zip.h>

#include <memory>
#include <string>

namespace dtheta::nn::detail {

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
/// An open archive. Unless zip_close() has been called, it ends without a trace on disk.
using ZipArchive = std::unique_ptr<zip_t, DiscardArchive>;

/// Opens the archive at `path` with libzip's `flags`. DataError that calls it `name`.
[[nodiscard]] ZipArchive open_zip(const std::string& name, const std::string& path, int flags);

}  // namespace dtheta::nn::detail
