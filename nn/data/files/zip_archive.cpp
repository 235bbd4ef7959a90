#include "nn/data/files/zip_archive.hpp"

#include "nn/data/data_error.hpp"

namespace dtheta::nn::detail {

ZipArchive open_zip(const std::string& name, const std::string& path, int flags) {
  int code = 0;
  ZipArchive archive(zip_open(path.c_str(), flags, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    // For this one libzip says "File already exists", and means inside the archive.
    const std::string reason =
        code == ZIP_ER_EXISTS ? "two entries have the same name" : zip_error_strerror(&error);
    zip_error_fini(&error);
    throw DataError(name, "cannot be opened as a zip archive: " + reason);
  }
  return archive;
}

}  // namespace dtheta::nn::detail
