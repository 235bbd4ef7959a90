#include "gradcheck/cli/protocol.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <vector>

namespace dtheta::gradcheck::cli {
namespace {

constexpr std::string_view blanks = " \t\r";

/// Takes the next word off the line; empty at its end.
std::string_view next_word(std::string_view& line) {
  const auto first = line.find_first_not_of(blanks);
  if (first == std::string_view::npos) return line = {};
  line.remove_prefix(first);
  const auto length = std::min(line.find_first_of(blanks), line.size());
  const std::string_view word = line.substr(0, length);
  line.remove_prefix(length);
  return word;
}

template <class Number, class... Format>
std::optional<Number> read_all(std::string_view text, Format... format) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, format...);
  if (text.empty() || error != std::errc{} || stop != end) return {};
  return value;
}

/// A decimal, a hexadecimal such as 0x1.8p3, inf or nan, each with or without a sign.
std::optional<double> read_number(std::string_view word) {
  const bool minus = word.starts_with('-');
  std::string_view digits = word;
  if (minus || word.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with('-')) return {};
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  const auto size = hex ? read_all<double>(digits.substr(2), std::chars_format::hex)
                        : read_all<double>(digits, std::chars_format::general);
  if (!size) return {};
  return minus ? -*size : *size;
}

std::optional<std::vector<std::size_t>> read_shape(std::string_view word) {
  std::vector<std::size_t> shape;
  if (word == "scalar") return shape;
  while (true) {
    const auto cross = word.find('x');
    const auto length = read_all<std::size_t>(word.substr(0, cross));
    if (!length) return {};
    shape.push_back(*length);
    if (cross == std::string_view::npos) return shape;
    word.remove_prefix(cross + 1);
  }
}

std::vector<double> read_values(std::string_view rest, std::string_view line) {
  std::vector<double> values;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const auto value = read_number(word);
    if (!value)
      throw ProtocolError(fmt::format("{} is no number in {}", in_quotes(word), in_quotes(line)));
    values.push_back(*value);
  }
  return values;
}

}  // namespace

bool HelloReader::take(std::string_view line) {
  std::string_view rest = line;
  const std::string_view word = next_word(rest);
  if (!greeted_) {
    if (word != "gradcheck-function" || next_word(rest) != "1" || !next_word(rest).empty()) {
      throw ProtocolError(fmt::format(
          "it began with {}; its first line must be 'gradcheck-function 1'", in_quotes(line)));
    }
    return !(greeted_ = true);
  }
  if (word == "block") {
    take_block(line);
  } else if (word == "layer") {
    const auto layer = read_all<std::size_t>(next_word(rest));
    if (!layer) throw ProtocolError(fmt::format("{} names no layer", in_quotes(line)));
    layer_ = *layer;
  } else if (word == "gradient") {
    const std::string_view offered = next_word(rest);
    if (offered != "yes" && offered != "no") {
      throw ProtocolError(fmt::format("{} must say yes or no", in_quotes(line)));
    }
    hello_.has_gradient = offered == "yes";
  } else if (word == "error") {
    throw ProtocolError(fmt::format("it reports: {}", in_quotes(rest)));
  } else if (word != "ready") {
    throw ProtocolError(fmt::format(
        "before it is ready it may write block, layer, gradient, ready and error; not {}",
        in_quotes(line)));
  }
  return word == "ready";
}

void HelloReader::take_block(std::string_view line) {
  std::string_view rest = line;
  next_word(rest);  // "block"
  const std::string name(next_word(rest));
  const std::string_view shape_word = next_word(rest);
  const auto shape = read_shape(shape_word);
  if (name.empty() || !shape) {
    throw ProtocolError(fmt::format("{}: after the name a shape is due, such as 3, 2x3 or scalar",
                                    in_quotes(line)));
  }
  std::size_t size = 1;
  for (const std::size_t length : *shape) {
    constexpr std::size_t most = std::size_t{1} << 28;
    if (length > 0 && size > most / length) {
      throw ProtocolError(fmt::format("block {}: the shape {} is too large", name, shape_word));
    }
    size *= length;
  }
  std::vector<double> values = read_values(rest, line);
  if (values.empty() && size > 0) {
    hello_.has_values = false;
    values.resize(size);
  }
  if (values.size() != size) {
    throw ProtocolError(fmt::format("block {} of shape {}: {} values are due, {} were given", name,
                                    shape_word, size, values.size()));
  }
  hello_.theta.add(name, layer_, *shape, values);
}

void append_request(std::string& text, Question question, std::span<const double> theta) {
  text += question == Question::cost ? "cost" : "gradient";
  for (const double value : theta) fmt::format_to(std::back_inserter(text), " {}", value);
  text += '\n';
}

void read_answer(std::string_view line, std::span<double> out) {
  std::string_view rest = line;
  std::string_view word = next_word(rest);
  if (word == "error") throw ProtocolError(fmt::format("it reports: {}", in_quotes(rest)));
  std::size_t count = 0;
  for (; !word.empty(); word = next_word(rest), ++count) {
    const auto value = read_number(word);
    if (!value)
      throw ProtocolError(fmt::format("{} is no number in {}", in_quotes(word), in_quotes(line)));
    if (count < out.size()) out[count] = *value;
  }
  if (count == out.size()) return;
  const std::string wanted = out.size() == 1 ? "1 number, J,"
                                             : fmt::format("{} numbers, J and {} of its gradient,",
                                                           out.size(), out.size() - 1);
  throw ProtocolError(
      fmt::format("its answer must have {} but has {}: {}", wanted, count, in_quotes(line)));
}

std::string in_quotes(std::string_view line) {
  constexpr std::size_t most = 60;
  while (!line.empty() && blanks.find(line.front()) != std::string_view::npos)
    line.remove_prefix(1);
  while (!line.empty() && blanks.find(line.back()) != std::string_view::npos) line.remove_suffix(1);
  std::string text = "'";
  for (const char c : line.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  if (line.size() > most) text += "...";
  return text + "'";
}

}  // namespace dtheta::gradcheck::cli
