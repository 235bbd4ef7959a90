#include "gradcheck/cli/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "gradcheck/cli/number_text.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck::cli {
namespace {

constexpr std::string_view blanks = " \t\r";

constexpr std::string_view keep_clean =
    "; standard output must carry the protocol and nothing else: let what is meant for people go "
    "to standard error (in Python print(..., file=sys.stderr); in C++ std::cerr; in R message())";

/// Entries of θ at most: every request writes all of them as text.
constexpr std::size_t most_entries = std::size_t{1} << 24;

/// No number takes more than 25 characters or so to write.
constexpr std::size_t characters_each = 64;

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

/// Entries of a shape; empty if they are more than can be.
std::optional<std::size_t> size_of(const std::vector<std::size_t>& shape) {
  std::size_t size = 1;
  for (const std::size_t length : shape) {
    if (length > 0 && size > most_entries / length) return {};
    size *= length;
  }
  return size;
}

[[noreturn]] void refuse_number(std::string_view word, std::string_view line) {
  const std::string_view hint = hint_for(word);
  throw ProtocolError(fmt::format("{} is no number in {}{}", in_quotes(word), in_quotes(line),
                                  hint.empty() ? keep_clean : hint));
}

std::vector<double> read_values(std::string_view rest, std::string_view line) {
  std::vector<double> values;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const auto value = read_number(word);
    if (!value) refuse_number(word, line);
    values.push_back(*value);
  }
  return values;
}

/// The first line, without what an editor or a shell put before it.
std::string_view without_mark(std::string_view line) {
  constexpr std::string_view utf8 = "\xef\xbb\xbf";
  if (line.starts_with(utf8)) line.remove_prefix(utf8.size());
  if (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff")) {
    throw ProtocolError(
        "it writes UTF-16, as PowerShell does; the protocol is ASCII: start the program itself, or "
        "set the encoding of its output to UTF-8");
  }
  return line;
}

}  // namespace

std::size_t HelloReader::allowance(std::string_view pending) const {
  constexpr std::size_t greeting = 4096;
  constexpr std::size_t words = std::size_t{1} << 18;  // names, shapes, layers
  if (!greeted_) return greeting;
  std::size_t entries = entries_;
  if (next_word(pending) == "block") {
    next_word(pending);  // the name
    const auto shape = read_shape(next_word(pending));
    if (shape) entries += size_of(*shape).value_or(0);
  }
  return words + characters_each * entries;
}

bool HelloReader::take(std::string_view line) {
  if (!greeted_) line = without_mark(line);
  std::string_view rest = line;
  const std::string_view word = next_word(rest);
  if (!greeted_) {
    if (word != "gradcheck-function" || next_word(rest) != "1" || !next_word(rest).empty()) {
      throw ProtocolError(
          fmt::format("it began with {}; its first line must be 'gradcheck-function 1'{}",
                      in_quotes(line), keep_clean));
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
        "before it is ready it may write block, layer, gradient, ready and error; not {}{}",
        in_quotes(line), keep_clean));
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
  const auto entries = size_of(*shape);
  if (!entries || *entries > most_entries - entries_) {
    throw ProtocolError(
        fmt::format("block {}: the shape {} is too large; all blocks together may have {} entries",
                    name, shape_word, most_entries));
  }
  const std::size_t size = *entries;
  entries_ += size;
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
    if (!value) refuse_number(word, line);
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
  return fmt::format("'{}{}'", detail::readable(line.substr(0, most)),
                     line.size() > most ? "..." : "");
}

}  // namespace dtheta::gradcheck::cli
