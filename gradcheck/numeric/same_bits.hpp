#pragma once

#include <cstring>
#include <span>

namespace dtheta::gradcheck::detail {

/// Whether two values or lists are equal to the last bit: 0 is not -0, and a NaN equals itself.
inline bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }
inline bool same_bits(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace dtheta::gradcheck::detail
