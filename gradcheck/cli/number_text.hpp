#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace dtheta::gradcheck::cli {

/// All of the text as a number; empty if it is none, or more than one.
template <class Number, class... Format>
std::optional<Number> read_all(std::string_view text, Format... format) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, format...);
  if (text.empty() || error != std::errc{} || stop != end) return {};
  return value;
}

/// A number as the languages of this world write one: a decimal, a hexadecimal such as 0x1.8p3, inf
/// or nan, each with or without a sign; Fortran's 1.0D+00; NumPy's np.float64(1.5).
std::optional<double> read_number(std::string_view word);

/// How to write what is no number, where the mistake is a known one; empty otherwise.
std::string_view hint_for(std::string_view word);

}  // namespace dtheta::gradcheck::cli
