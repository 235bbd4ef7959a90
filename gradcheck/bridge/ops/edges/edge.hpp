#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dtheta::gradcheck {

/// What an op is held to beside its samples: points where rules go wrong that are right elsewhere.
enum class Edge : std::uint8_t {
  second,    // gradients and second derivatives, mixed ones in both orders, at special points
  range,     // values and gradients over the whole range of float and of double
  infinity,  // values and gradients at infinite operands, wherever they have a limit
  nan,       // no gradient but NaN where a value is NaN, none of it where the value is not
  empty,     // axes of size 0
};
inline constexpr std::size_t edge_count = 5;
inline constexpr std::array<std::string_view, edge_count> edge_names{
    "special points", "whole range", "infinities", "NaN", "empty axes"};

/// What the draws of one kind came to.
struct EdgeCell {
  std::size_t draws = 0;  // those that could be judged
  double worst = 0;       // relative error in quad (second), or units of the last place (range)
};
using EdgeCells = std::array<EdgeCell, edge_count>;

}  // namespace dtheta::gradcheck
