#pragma once

#include <version>
#if defined(__cpp_lib_source_location)
#include <source_location>
#else
#include <cstdint>
#endif

namespace dtheta {

#if defined(__cpp_lib_source_location)

/// The line of a program that recorded something.
using SourceLocation = std::source_location;

#else

/// The line of a program that recorded something, for compilers under which the standard library
/// has no std::source_location: clang before 16 with libstdc++. Names and meaning are those of the
/// standard; what this library does not ask for is left out.
class SourceLocation {
 public:
  // The builtins are the defaults of parameters: so they tell where `current` is called or, where
  // that call is itself a default argument, the line of the call that it is a default of.
  [[nodiscard]] static constexpr SourceLocation current(
      const char* file = __builtin_FILE(), std::uint_least32_t line = __builtin_LINE()) noexcept {
    SourceLocation here;
    here.file_ = file;
    here.line_ = line;
    return here;
  }
  [[nodiscard]] constexpr const char* file_name() const noexcept { return file_; }
  [[nodiscard]] constexpr std::uint_least32_t line() const noexcept { return line_; }

 private:
  const char* file_ = "";
  std::uint_least32_t line_ = 0;
};

#endif

}  // namespace dtheta
