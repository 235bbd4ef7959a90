#include "nn/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {

void throw_unknown_name(std::string_view what, std::string_view name,
                        std::span<const std::string_view> known) {
  throw ValueError(
      fmt::format("unknown {} \"{}\"; there are: {}", what, name, fmt::join(known, ", ")));
}

}  // namespace dtheta::nn::detail
