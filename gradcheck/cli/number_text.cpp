#include "gradcheck/cli/number_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string>

namespace dtheta::gradcheck::cli {
namespace {

/// The number inside "np.float64(1.5)", or the word itself.
std::string_view unwrapped(std::string_view word) {
  for (const std::string_view start :
       {"np.float64(", "np.float32(", "np.longdouble(", "numpy.float64(", "numpy.float32("}) {
    if (word.starts_with(start) && word.ends_with(')')) {
      return word.substr(start.size(), word.size() - start.size() - 1);
    }
  }
  return word;
}

std::optional<double> read_decimal(std::string_view digits) {
  if (const auto value = read_all<double>(digits, std::chars_format::general)) return value;
  // Fortran's exponents: 1.0D+00, and 1.0+100 where three digits leave no room for the letter.
  if (digits.empty() || (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9'))) {
    return {};
  }
  std::string text(digits);
  const auto letter = text.find_first_of("dD");
  const auto sign = text.find_first_of("+-");
  constexpr std::size_t exponent = 4;  // a sign and three digits
  if (letter != std::string::npos) {
    text[letter] = 'e';
  } else if (sign != std::string::npos && text.size() - sign == exponent && text.find('.') < sign &&
             text.find_first_of("eE") == std::string::npos) {
    text = fmt::format("{}e{}", digits.substr(0, sign), digits.substr(sign));
  } else {
    return {};
  }
  return read_all<double>(text, std::chars_format::general);
}

}  // namespace

std::optional<double> read_number(std::string_view word) {
  std::string_view digits = unwrapped(word);
  const bool minus = digits.starts_with('-');
  if (minus || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with('-')) return {};
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  const auto size =
      hex ? read_all<double>(digits.substr(2), std::chars_format::hex) : read_decimal(digits);
  if (!size) return {};
  return minus ? -*size : *size;
}

std::string_view hint_for(std::string_view word) {
  struct Known {
    std::string_view start;
    std::string_view hint;
  };
  static constexpr std::array<Known, 5> known{{
      {"tensor(", "; write x.item() of a tensor: what it prints has four digits and its own name"},
      {"array(", "; write the numbers of an array one by one, separated by blanks"},
      {"Array(", "; write the numbers of an array one by one, separated by blanks"},
      {"[", "; write the numbers without brackets, separated by blanks"},
      {"(", "; write the numbers without brackets, separated by blanks"},
  }};
  for (const Known& k : known) {
    if (word.starts_with(k.start)) return k.hint;
  }
  const bool numeric = word.find_first_not_of("+-.,0123456789eE") == std::string_view::npos;
  if (numeric && word.find(',') != std::string_view::npos) {
    return "; write a point before the decimals and blanks between numbers, no commas (a locale "
           "may be at work)";
  }
  return {};
}

}  // namespace dtheta::gradcheck::cli
