#pragma once

#include <cstddef>
#include <cstdint>

namespace dtheta::gradcheck {

/// +1 or -1 with a magnitude from a half to one, so that no two elements of a direction cancel.
struct RandomSigns {
  std::uint64_t seed;
  double operator()(std::size_t j) const {
    std::uint64_t z = seed + 0x9e3779b97f4a7c15U * (j + 1);  // splitmix64
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    const double size = 0.5 + 0.5 * static_cast<double>(z >> 12) * 0x1p-52;
    return (z & 1) != 0 ? size : -size;
  }
};

}  // namespace dtheta::gradcheck
