#include "nn/data/files/elements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "nn/data/data_error.hpp"

namespace dtheta::nn::detail {
namespace {

using Kind = ElementFormat::Kind;

/// "60000 x 28 x 28", with the bytes per element as last factor unless it is 1.
std::string in_words(const Promise& promise) {
  std::string text = promise.dims.empty() ? "1" : fmt::format("{}", fmt::join(promise.dims, " x "));
  if (promise.element_bytes != 1) text += fmt::format(" x {}", promise.element_bytes);
  return text;
}

/// A float16 of IEEE 754: a sign, 5 bits of exponent, 10 of fraction.
struct Half {
  std::uint16_t bits;

  [[nodiscard]] float value() const {
    const int exponent = bits >> 10 & 0x1f;
    const int fraction = bits & 0x3ff;
    const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
    if (exponent == 0x1f) {
      return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                           : std::numeric_limits<float>::quiet_NaN();
    }
    // Subnormal ones have no leading 1 and the exponent of the smallest normal ones.
    const int leading = exponent > 0 ? 0x400 : 0;
    return sign * std::ldexp(static_cast<float>(leading + fraction), std::max(exponent, 1) - 25);
  }
};

/// A bfloat16: the upper half of a float32.
struct Brain {
  std::uint16_t bits;

  [[nodiscard]] float value() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// One byte that must be 0 or 1.
struct Boolean {
  std::uint8_t value;
};

template <class Stored>
Stored load(const std::uint8_t* from, bool swapped) {
  std::array<std::uint8_t, sizeof(Stored)> bytes;
  std::memcpy(bytes.data(), from, sizeof(Stored));
  if (swapped) std::ranges::reverse(bytes);
  return std::bit_cast<Stored>(bytes);
}

/// `stored` as a tensor's element, or nothing where that cannot represent it.
template <class T, class Stored>
std::optional<T> convert(Stored stored) {
  if constexpr (std::is_same_v<Stored, Boolean>) {
    if (stored.value > 1) return std::nullopt;
    return T{stored.value};
  } else if constexpr (std::is_integral_v<Stored>) {
    if (!std::in_range<T>(stored)) return std::nullopt;
    return static_cast<T>(stored);
  } else if constexpr (requires { stored.value(); }) {
    return stored.value();
  } else {
    return stored;
  }
}

/// Where the numbers are and how they are laid out.
struct Encoded {
  std::span<const std::uint8_t> bytes;
  bool swapped;
};

/// Number of elements converted: all of them, or those before the first that cannot be.
template <class Stored, Element T>
std::size_t decode(const Encoded& from, std::span<T> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::optional<T> value =
        convert<T>(load<Stored>(from.bytes.data() + i * sizeof(Stored), from.swapped));
    if (!value) return i;
    to[i] = *value;
  }
  return to.size();
}

std::size_t decode_integers(const Encoded& from, const ElementFormat& format, std::span<Index> to) {
  const bool has_sign = format.kind == Kind::signed_integer;
  switch (format.bytes) {
    case 1:
      return has_sign ? decode<std::int8_t>(from, to) : decode<std::uint8_t>(from, to);
    case 2:
      return has_sign ? decode<std::int16_t>(from, to) : decode<std::uint16_t>(from, to);
    case 4:
      return has_sign ? decode<std::int32_t>(from, to) : decode<std::uint32_t>(from, to);
    default:
      return has_sign ? decode<std::int64_t>(from, to) : decode<std::uint64_t>(from, to);
  }
}

std::size_t decode_any(const Encoded& from, const ElementFormat& format, Tensor& to) {
  if (format.kind == Kind::brain) return decode<Brain>(from, to.data<float>());
  if (format.kind == Kind::real && format.bytes == 2) return decode<Half>(from, to.data<float>());
  if (to.dtype() == DType::float32) return decode<float>(from, to.data<float>());
  if (to.dtype() == DType::float64) return decode<double>(from, to.data<double>());
  if (format.kind == Kind::boolean) return decode<Boolean>(from, to.data<Index>());
  return decode_integers(from, format, to.data<Index>());
}

DType dtype_for(const ElementFormat& format) {
  if (format.kind == Kind::brain) return DType::float32;
  if (format.kind != Kind::real) return DType::int64;
  return format.bytes <= 4 ? DType::float32 : DType::float64;
}

}  // namespace

Shape promised_shape(const Promise& promise) {
  const auto broken = [&](const std::string& rule) {
    throw DataError(std::string(promise.source), promise.offset, rule);
  };
  if (promise.dims.size() > max_rank) {
    broken(
        fmt::format("header has {} axes, at most {} are supported", promise.dims.size(), max_rank));
  }
  // The product without the zeros must fit as well: Shape wants that too, for the strides.
  auto bytes = static_cast<Index>(promise.element_bytes);
  std::array<Index, max_rank> dims{};
  for (std::size_t i = 0; i < promise.dims.size(); ++i) {
    const std::uint64_t d = promise.dims[i];
    if (d != 0 && __builtin_mul_overflow(bytes, d, &bytes)) {
      broken(fmt::format("header promises {} bytes: the product overflows", in_words(promise)));
    }
    dims[i] = static_cast<Index>(d);
  }
  return Shape(std::span<const Index>(dims).first(promise.dims.size()));
}

std::vector<std::uint8_t> read_promised(ByteSource& source, const Promise& promise) {
  const auto bytes =
      static_cast<std::uint64_t>(promised_shape(promise).size()) * promise.element_bytes;
  return source.read_payload(bytes, in_words(promise), promise.offset);
}

Tensor read_elements(ByteSource& source, const Promise& promise, const ElementFormat& format) {
  const std::uint64_t start = source.offset();
  const std::vector<std::uint8_t> bytes = read_promised(source, promise);
  Tensor result(promised_shape(promise), dtype_for(format));
  const Encoded encoded{.bytes = bytes, .swapped = format.order != std::endian::native};
  const std::size_t done = decode_any(encoded, format, result);
  if (done < static_cast<std::size_t>(result.size())) {
    source.fail(start + done * format.bytes,
                format.kind == Kind::boolean
                    ? fmt::format("a boolean must be 0 or 1, not {}", bytes[done])
                    : fmt::format("element {} does not fit int64", done));
  }
  return result;
}

}  // namespace dtheta::nn::detail
