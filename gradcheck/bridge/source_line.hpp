#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace dtheta::gradcheck {

/// "model.cpp:42": the line that recorded something, without its folders.
inline std::string source_line(const SourceLocation& where) {
  std::string_view file = where.file_name();
  file.remove_prefix(file.find_last_of('/') + 1);  // npos + 1 is 0
  return fmt::format("{}:{}", file, where.line());
}

}  // namespace dtheta::gradcheck
