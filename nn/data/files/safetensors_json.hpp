#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/data/safetensors.hpp"

namespace dtheta::nn::detail {

/// A tensor as the header describes it, before anything of it is believed.
struct SafetensorsDescription {
  std::string name;
  std::uint64_t offset = 0;  ///< of its name in the file
  std::optional<std::string> dtype{};
  std::optional<std::vector<std::uint64_t>> shape{}, data_offsets{};
};

struct SafetensorsJson {
  std::vector<SafetensorsDescription> tensors;
  Metadata metadata;
};

/// Takes the text of a header apart. Throws DataError for `file` where it is not JSON or not of the
/// format: unknown keys, other types, and names that come twice are refused.
[[nodiscard]] SafetensorsJson read_safetensors_json(const std::string& file, std::string_view text);

}  // namespace dtheta::nn::detail
