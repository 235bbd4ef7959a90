#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// `count` entries of these blocks, drawn without replacement, and one of each block of which none
/// was; ascending.
std::vector<std::size_t> drawn_entries(std::span<const Block> blocks, std::size_t count,
                                       std::uint64_t seed);

}  // namespace dtheta::gradcheck::detail
