#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/data/files/elements.hpp"
#include "nn/data/safetensors.hpp"

namespace dtheta::nn::detail {

/// The header's length stands before it in so many bytes, the lowest first.
inline constexpr std::uint64_t safetensors_length_bytes = 8;
/// The format's own bound on that length.
inline constexpr std::uint64_t safetensors_max_header = 100'000'000;
/// The one name that is no tensor's.
inline constexpr std::string_view safetensors_metadata = "__metadata__";

/// How the numbers of a type are stored; none for a type that is not read.
[[nodiscard]] std::optional<ElementFormat> safetensors_format(std::string_view dtype);
/// The names of those types, for errors.
[[nodiscard]] std::string safetensors_dtypes();

struct SafetensorsHeader {
  std::vector<SafetensorsFile::Entry> entries{};  ///< in the order of their bytes
  Metadata metadata{};
};

/// Reads and checks a header: `text` is what follows the length, and `data_bytes` how many bytes
/// the file has behind it. Throws DataError for `file`.
[[nodiscard]] SafetensorsHeader read_safetensors_header(const std::string& file,
                                                        std::string_view text,
                                                        std::uint64_t data_bytes);

}  // namespace dtheta::nn::detail
