#include "gradcheck/cli/output.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <system_error>
#include <utility>

#include "nn/data/replacement_file.hpp"

namespace dtheta::gradcheck::cli {
namespace {

void write_file(const std::string& file, const std::string& text) {
  if (file.empty()) return;
  if (file == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    flush_standard_output();
    return;
  }
  nn::detail::ReplacementFile target(file);
  target.append(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  target.commit();
}

}  // namespace

void Outputs::write(const std::string& json_text, const std::string& html_text,
                    const std::string& junit_text) const {
  std::exception_ptr failure;
  for (const auto& [file, text] : {std::pair(&json, &json_text), std::pair(&html, &html_text),
                                   std::pair(&junit, &junit_text)}) {
    try {
      write_file(*file, *text);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void flush_standard_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw std::system_error(errno, std::generic_category(), "standard output cannot be written");
}

}  // namespace dtheta::gradcheck::cli
