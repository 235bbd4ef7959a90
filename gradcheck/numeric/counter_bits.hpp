#pragma once

#include <cstdint>

namespace dtheta::gradcheck::detail {

/// SplitMix64's finaliser: a counter becomes 64 bits. Steele, Lea and Flood, OOPSLA 2014.
inline std::uint64_t scrambled(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// In (0, 1).
inline double uniform(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

}  // namespace dtheta::gradcheck::detail
