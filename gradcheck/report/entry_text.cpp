// Entries of θ as text, and back.
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <system_error>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

using Index = std::vector<std::size_t>;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// "[1, 2]"; nothing at all is the index of a scalar.
std::optional<Index> index_of(std::string_view text) {
  Index index;
  if (text.empty()) return index;
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return {};
  text = text.substr(1, text.size() - 2);
  while (true) {
    const auto comma = text.find(',');
    const auto value = number(trimmed(text.substr(0, comma)));
    if (!value) return {};
    index.push_back(*value);
    if (comma == std::string_view::npos) return index;
    text.remove_prefix(comma + 1);
  }
}

/// The first word between the brackets that is no number; empty if there are no such brackets.
std::string_view bad_index(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return {};
  text = text.substr(1, text.size() - 2);
  while (true) {
    const auto comma = text.find(',');
    const std::string_view word = trimmed(text.substr(0, comma));
    if (!number(word)) return word;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

/// A way to read an entry: as one of this block.
struct Reading {
  const Block* block;
  std::optional<Index> index;  // empty: what follows the name is no index

  [[nodiscard]] bool fits() const { return index && index->size() == block->shape.size(); }
  [[nodiscard]] bool inside() const {
    if (!fits()) return false;
    for (std::size_t d = 0; d < index->size(); ++d) {
      if ((*index)[d] >= block->shape[d]) return false;
    }
    return true;
  }
};

/// One for every block whose name the text begins with.
std::vector<Reading> readings_of(const ParameterVector& theta, std::string_view text) {
  std::vector<Reading> readings;
  for (const Block& block : theta.blocks()) {
    const std::string_view name = trimmed(block.name);
    if (!text.starts_with(name)) continue;
    const std::string_view rest = trimmed(text.substr(name.size()));
    if (rest.empty() || rest.front() == '[') readings.push_back({&block, index_of(rest)});
  }
  return readings;
}

/// Why a text is no entry.
[[noreturn]] void refuse(const ParameterVector& theta, std::string_view entry,
                         const std::vector<Reading>& readings) {
  const Reading* longest = nullptr;
  for (const Reading& r : readings) {
    if (longest == nullptr || r.block->name.size() > longest->block->name.size()) longest = &r;
  }
  if (longest != nullptr && longest->index) {
    theta.position(longest->block->name, *longest->index);  // throws: too few, or outside
  }
  if (longest == nullptr) theta.block(trimmed(entry.substr(0, entry.find('['))));  // likewise
  const std::string_view word =
      longest == nullptr ? std::string_view()
                         : bad_index(trimmed(trimmed(entry).substr(longest->block->name.size())));
  if (!word.empty()) {
    throw NameError(fmt::format("entry: '{}' in '{}' is not an index", word, entry));
  }
  throw NameError(fmt::format("entry: '{}' is not of the form NAME[ROW, COLUMN]", entry));
}

}  // namespace

std::size_t position_of(const ParameterVector& theta, std::string_view entry) {
  const std::string_view text = trimmed(entry);
  const std::vector<Reading> readings = readings_of(theta, text);
  const Reading* found = nullptr;
  for (const Reading& r : readings) {
    if (!r.inside()) continue;
    if (found != nullptr) {
      throw NameError(fmt::format(
          "entry: '{}' may be of block '{}' or of block '{}'; #{} and #{} are their positions in "
          "theta",
          entry, found->block->name, r.block->name,
          theta.position(found->block->name, *found->index),
          theta.position(r.block->name, *r.index)));
    }
    found = &r;
  }
  if (found != nullptr) return theta.position(found->block->name, *found->index);
  if (readings.empty() && text.starts_with('#')) {
    const auto position = number(text.substr(1));
    if (position && *position < theta.size()) return *position;
    throw NameError(
        fmt::format("entry: '{}' is no position in a theta of {} entries", entry, theta.size()));
  }
  refuse(theta, entry, readings);
}

std::string entry_text(const ParameterVector& theta, std::size_t position) {
  std::string text = to_string(theta.key(position));
  const std::vector<Reading> readings = readings_of(theta, trimmed(text));
  std::size_t inside = 0;
  for (const Reading& r : readings) inside += r.inside() ? 1 : 0;
  const bool plain =
      text.find_first_of("\n\r\t") == std::string::npos && detail::readable(text) == text;
  return inside == 1 && plain ? text : fmt::format("#{}", position);
}

}  // namespace dtheta::gradcheck
