// The header of .npy: a magic string, a version in two bytes, the length of the text in two bytes
// (version 1) or four, little-endian, then the text: a Python dictionary literal such as
//   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
// with exactly these keys, padded by spaces and ended by a newline.

#include "nn/data/files/npy_header.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>

#include "nn/data/data_error.hpp"

namespace dtheta::nn::detail {
namespace {

using Kind = ElementFormat::Kind;

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t version_offset = 6;
constexpr std::size_t length_offset = 8;

/// Versions 2 and 3 allow 4 GiB, for the field names of structured arrays, which no Tensor holds.
constexpr std::size_t max_text = 0xffff;

/// The text of a header, read from left to right.
class HeaderText {
 public:
  HeaderText(const ByteSource& source, std::string text)
      : source_(source), start_(source.offset() - text.size()), text_(std::move(text)) {}

  [[nodiscard]] std::uint64_t offset() const { return start_ + at_; }
  [[noreturn]] void fail(const std::string& rule) const { source_.fail(offset(), rule); }
  [[noreturn]] void refuse_elements(const std::string& rule) const {
    throw UnsupportedElements(source_.name(), offset(), rule);
  }

  /// Steps over white space and then `wanted`, if that comes next.
  bool accept(std::string_view wanted) {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    if (!std::string_view(text_).substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  void expect(std::string_view wanted) {
    if (!accept(wanted)) fail(fmt::format("the header needs '{}' here", wanted));
  }
  void expect_end() {
    accept("");
    if (at_ < text_.size()) fail("the header goes on after its closing brace");
  }

  /// A string in single or double quotes. There are no escapes in what it can say.
  std::string_view string() {
    const bool single = accept("'");
    if (!single && !accept("\"")) fail("the header needs a quoted string here");
    const std::size_t end = text_.find(single ? '\'' : '"', at_);
    if (end == std::string::npos) fail("the quoted string does not end");
    const std::string_view found = std::string_view(text_).substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }

  bool boolean() {
    if (accept("True")) return true;
    if (accept("False")) return false;
    fail("fortran_order must be True or False");
  }

  std::uint64_t integer() {
    accept("");
    const std::size_t first = at_;
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, digit, &value)) {
        fail("the dimension overflows 64 bits");
      }
    }
    if (at_ == first) fail("a dimension must be a number that is not negative");
    accept("L");  // as Python 2 wrote long integers
    return value;
  }

  /// A tuple of integers: "()", "(3,)", "(3, 4)".
  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect("(");
    while (!accept(")")) {
      values.push_back(integer());
      if (accept(",")) continue;
      if (values.size() == 1) fail("a tuple of one dimension needs a comma");
      expect(")");
      break;
    }
    return values;
  }

 private:
  const ByteSource& source_;
  std::uint64_t start_;
  std::string text_;
  std::size_t at_ = 0;
};

std::optional<std::endian> order_of(char code, std::size_t bytes) {
  switch (code) {
    case '<':
      return std::endian::little;
    case '>':
      return std::endian::big;
    case '=':
      return std::endian::native;
    case '|':
      return bytes == 1 ? std::optional(std::endian::native) : std::nullopt;
    default:
      return std::nullopt;
  }
}

/// NumPy has no bfloat16: libraries that add it write two bytes of anything.
std::optional<ElementFormat> brain_of(std::string_view descr) {
  for (const std::string_view name : {"bfloat16", "|V2", "<V2", "=V2"}) {
    if (descr == name) return ElementFormat{Kind::brain, 2, std::endian::little};
  }
  return std::nullopt;
}

std::optional<ElementFormat> format_of(std::string_view descr) {
  if (const auto brain = brain_of(descr)) return brain;
  if (descr.size() != 3) return std::nullopt;
  const auto bytes = static_cast<std::size_t>(descr[2] - '0');
  const std::optional<std::endian> order = order_of(descr[0], bytes);
  const bool integer_size = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  if (!order) return std::nullopt;
  switch (descr[1]) {
    case 'f':
      if (bytes == 2 || bytes == 4 || bytes == 8) return ElementFormat{Kind::real, bytes, *order};
      break;
    case 'i':
      if (integer_size) return ElementFormat{Kind::signed_integer, bytes, *order};
      break;
    case 'u':
      if (integer_size) return ElementFormat{Kind::unsigned_integer, bytes, *order};
      break;
    case 'b':
      if (bytes == 1) return ElementFormat{Kind::boolean, bytes, *order};
      break;
    default:
      break;
  }
  return std::nullopt;
}

ElementFormat element_format(HeaderText& text) {
  if (text.accept("[")) text.refuse_elements("arrays of structures are not supported");
  const std::uint64_t before = text.offset();
  const std::string_view descr = text.string();
  const std::optional<ElementFormat> format = format_of(descr);
  if (!format) {
    text.refuse_elements(
        fmt::format("element type {:?} (at offset {}) is not supported: real numbers of 2, 4 or "
                    "8 bytes, integers and booleans are",
                    descr, before));
  }
  return *format;
}

NpyHeader parse(HeaderText text) {
  std::optional<ElementFormat> format;
  std::optional<bool> column_major;
  std::optional<std::vector<std::uint64_t>> dims;
  std::uint64_t dims_offset = 0;
  const auto refuse_second = [&](bool first, std::string_view key) {
    if (first) text.fail(fmt::format("the key '{}' comes twice", key));
  };
  text.expect("{");
  while (!text.accept("}")) {
    const std::string_view key = text.string();
    text.expect(":");
    text.accept("");
    if (key == "descr") {
      refuse_second(format.has_value(), key);
      format = element_format(text);
    } else if (key == "fortran_order") {
      refuse_second(column_major.has_value(), key);
      column_major = text.boolean();
    } else if (key == "shape") {
      refuse_second(dims.has_value(), key);
      dims_offset = text.offset();
      dims = text.tuple();
    } else {
      text.fail(fmt::format("unknown key {:?}", key));
    }
    if (text.accept(",")) continue;
    text.expect("}");
    break;
  }
  text.expect_end();
  if (!format || !column_major || !dims) {
    text.fail("the header needs the keys 'descr', 'fortran_order' and 'shape'");
  }
  return {*format, *column_major, std::move(*dims), dims_offset};
}

/// The length of the text, whose size in bytes depends on the version.
std::size_t read_length(ByteSource& source, int version) {
  std::array<std::uint8_t, 4> bytes{};
  const std::size_t size = version == 1 ? 2 : 4;
  source.read_all(std::span(bytes).first(size), "the length of the header");
  std::size_t length = 0;
  for (std::size_t i = size; i-- > 0;) length = length << 8 | bytes[i];
  if (length > max_text) {
    source.fail(length_offset, fmt::format("the header would have {} bytes, at most {} are "
                                           "supported",
                                           length, max_text));
  }
  return length;
}

}  // namespace

NpyHeader read_npy_header(ByteSource& source) {
  std::array<std::uint8_t, length_offset> start{};
  source.read_all(start, "the .npy magic string and version");
  const auto is_byte = [](char c, std::uint8_t byte) {
    return static_cast<std::uint8_t>(c) == byte;
  };
  if (!std::ranges::equal(magic, std::span(start).first(magic.size()), is_byte)) {
    source.fail(0, "not an array: the .npy magic string is missing");
  }
  const int version = start[version_offset];
  if (version < 1 || version > 3 || start[version_offset + 1] != 0) {
    source.fail(version_offset,
                fmt::format(".npy version {}.{} is not supported: 1.0, 2.0 and 3.0 are", version,
                            start[version_offset + 1]));
  }
  const std::size_t length = read_length(source, version);
  std::vector<std::uint8_t> text(length);
  source.read_all(text, "the header");
  return parse(HeaderText(source, std::string(text.begin(), text.end())));
}

std::string npy_header(const Tensor& value) {
  const char order = std::endian::native == std::endian::little ? '<' : '>';
  const std::string_view type = value.dtype() == DType::float32   ? "f4"
                                : value.dtype() == DType::float64 ? "f8"
                                                                  : "i8";
  std::string text =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}", order, type,
                  fmt::join(value.shape().dims(), ", "), value.shape().rank() == 1 ? "," : "");
  constexpr std::size_t alignment = 64;
  constexpr std::size_t before = length_offset + 2;
  const std::size_t total = (before + text.size() + 1 + alignment - 1) / alignment * alignment;
  text.resize(total - before - 1, ' ');
  text += '\n';
  std::string header(magic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace dtheta::nn::detail
