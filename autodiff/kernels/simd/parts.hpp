#pragma once

#include <cstddef>

namespace dtheta::simd {

/// The sizes of parts, as equal as can be, none larger than `most`, that make up `whole`.
struct Parts {
  std::size_t whole, count;
  Parts(std::size_t n, std::size_t most) : whole(n), count((n + most - 1) / most) {}
  [[nodiscard]] std::size_t start(std::size_t i) const {
    if (i == 0 || i == count)
      return i == 0 ? 0 : whole;  // a division takes longer than a small part
    return i * whole / count;
  }
  [[nodiscard]] std::size_t size(std::size_t i) const { return start(i + 1) - start(i); }
};

}  // namespace dtheta::simd
