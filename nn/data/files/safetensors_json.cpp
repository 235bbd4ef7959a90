#include "nn/data/files/safetensors_json.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "nn/data/data_error.hpp"
#include "nn/data/files/safetensors_header.hpp"

namespace dtheta::nn::detail {
namespace {

/// Goes through the text of the header and keeps where it has come, which the parser does not say.
class Position {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Position(const char* at, const char*& furthest) : at_(at), furthest_(&furthest) {}
  reference operator*() const { return *at_; }
  Position& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  Position operator++(int) {
    const Position old = *this;
    ++*this;
    return old;
  }
  bool operator==(const Position& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

/// Takes the header apart, event by event; anything that is not of the format ends it. So depth and
/// size are bounded by the format, not by the file.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(const std::string& file, std::string_view text)
      : file_(file), text_(text), at_(text.data()) {}

  void run() {
    if (text_.empty() || text_.front() != '{') fail(offset_of(0), "the header must begin with {");
    const char* end = text_.data() + text_.size();
    nlohmann::json::sax_parse(Position(at_, at_), Position(end, at_), this);
  }
  [[nodiscard]] SafetensorsJson take() { return {std::move(tensors_), std::move(metadata_)}; }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) return go(Place::names);
    if (place_ == Place::tensor_value) return go(Place::tensor_keys);
    if (place_ == Place::metadata_value) return go(Place::metadata_keys);
    return unexpected("an object");
  }
  bool end_object() override {
    if (place_ == Place::names) return go(Place::outside);
    return go(Place::names);
  }
  bool key(string_t& name) override {
    const std::uint64_t offset = offset_of_string();
    if (place_ == Place::names) return begin_name(name, offset);
    if (place_ == Place::metadata_keys) {
      if (!metadata_.try_emplace(name).second) {
        fail(offset, fmt::format("the metadata have the name {:?} twice", name));
      }
      text_value_ = &metadata_[name];
      return go(Place::metadata_text);
    }
    return begin_field(name, offset);
  }
  bool string(string_t& value) override {
    if (place_ == Place::metadata_text) {
      *text_value_ = value;
      return go(Place::metadata_keys);
    }
    if (place_ == Place::dtype) {
      tensors_.back().dtype = value;
      return go(Place::tensor_keys);
    }
    return unexpected("a text");
  }
  bool start_array(std::size_t) override {
    if (place_ != Place::shape && place_ != Place::data_offsets) return unexpected("a list");
    auto& field = place_ == Place::shape ? tensors_.back().shape : tensors_.back().data_offsets;
    numbers_ = &field.emplace();
    return go(Place::numbers);
  }
  bool end_array() override { return go(Place::tensor_keys); }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::numbers) return unexpected("a number", behind_a_number);
    numbers_->push_back(value);
    return true;
  }
  bool number_integer(number_integer_t) override {
    return unexpected("a negative number", behind_a_number);
  }
  bool number_float(number_float_t, const string_t&) override {
    return unexpected("a number that is not whole or beyond 2^64", behind_a_number);
  }
  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("true or false"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::json::exception& error) override {
    const std::string_view text = error.what();
    const std::size_t start = text.find("syntax error");
    fail(here(), fmt::format("the header is not JSON: {}",
                             text.substr(start == std::string_view::npos ? 0 : start)));
  }

 private:
  enum class Place : std::uint8_t {
    outside,
    names,
    tensor_value,
    tensor_keys,
    dtype,
    shape,
    data_offsets,
    numbers,
    metadata_value,
    metadata_keys,
    metadata_text,
  };

  static constexpr std::uint64_t behind_a_number = 1;

  bool go(Place place) {
    place_ = place;
    return true;
  }

  bool begin_name(const std::string& name, std::uint64_t offset) {
    if (!names_.insert(name).second) {
      fail(offset, fmt::format("the header has the name {:?} twice", name));
    }
    if (name == safetensors_metadata) return go(Place::metadata_value);
    tensors_.push_back({.name = name, .offset = offset});
    return go(Place::tensor_value);
  }

  bool begin_field(const std::string& name, std::uint64_t offset) {
    SafetensorsDescription& tensor = tensors_.back();
    const bool twice = (name == "dtype" && tensor.dtype) || (name == "shape" && tensor.shape) ||
                       (name == "data_offsets" && tensor.data_offsets);
    if (twice) fail(offset, fmt::format("tensor {:?} has {} twice", tensor.name, name));
    if (name == "dtype") return go(Place::dtype);
    if (name == "shape") return go(Place::shape);
    if (name == "data_offsets") return go(Place::data_offsets);
    fail(offset, fmt::format("tensor {:?} has {:?}; a tensor has dtype, shape and data_offsets",
                             tensor.name, name));
  }

  [[nodiscard]] std::string_view wanted() const {
    switch (place_) {
      case Place::tensor_value:
        return "a tensor is an object with dtype, shape and data_offsets";
      case Place::dtype:
        return "dtype is a text";
      case Place::shape:
        return "shape is a list of whole numbers";
      case Place::data_offsets:
        return "data_offsets is a list of two whole numbers";
      case Place::numbers:
        return "shape and data_offsets have whole numbers from 0 alone";
      case Place::metadata_value:
      case Place::metadata_text:
        return "the metadata are an object with texts alone";
      default:
        return "the header is an object";
    }
  }
  /// `behind`: how many bytes beyond it the parser had to read to see its end.
  bool unexpected(std::string_view what, std::uint64_t behind = 0) const {
    fail(here() - behind, fmt::format("the header has {} where {}", what, wanted()));
  }

  [[nodiscard]] static std::uint64_t offset_of(std::size_t in_text) {
    return safetensors_length_bytes + in_text;
  }
  /// The byte that the parser has read last.
  [[nodiscard]] std::uint64_t here() const {
    const auto read = static_cast<std::size_t>(at_ - text_.data());
    return offset_of(read == 0 ? 0 : read - 1);
  }
  /// The opening quote of the string that was read last.
  [[nodiscard]] std::uint64_t offset_of_string() const {
    const auto is_quote = [&](std::size_t i) {
      std::size_t slashes = 0;
      while (slashes < i && text_[i - 1 - slashes] == '\\') ++slashes;
      return text_[i] == '"' && slashes % 2 == 0;
    };
    std::size_t i = static_cast<std::size_t>(at_ - text_.data()) - 1;  // its closing quote
    while (i > 0 && !is_quote(--i)) {
    }
    return offset_of(i);
  }
  [[noreturn]] void fail(std::uint64_t offset, const std::string& rule) const {
    throw DataError(file_, offset, rule);
  }

  const std::string& file_;
  std::string_view text_;
  const char* at_;
  Place place_ = Place::outside;
  std::set<std::string, std::less<>> names_{};
  std::vector<SafetensorsDescription> tensors_{};
  Metadata metadata_{};
  std::string* text_value_ = nullptr;
  std::vector<std::uint64_t>* numbers_ = nullptr;
};

}  // namespace

SafetensorsJson read_safetensors_json(const std::string& file, std::string_view text) {
  HeaderReader reader(file, text);
  reader.run();
  return reader.take();
}

}  // namespace dtheta::nn::detail
