#include "gradcheck/cli/output.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <span>
#include <system_error>

#include "nn/data/files/replacement_file.hpp"

namespace dtheta::gradcheck::cli {

void write_file(const std::string& file, const std::string& text) {
  if (file == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    flush_standard_output();
    return;
  }
  nn::detail::ReplacementFile target(file);
  target.append(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  target.commit();
}

void flush_standard_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
}

}  // namespace dtheta::gradcheck::cli
