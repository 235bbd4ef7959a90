#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Names a sequence of random numbers: equal keys give equal numbers, on any machine and in any
/// order of asking. Different streams of one seed are independent.
struct RandomKey {
  std::uint32_t seed = 0;
  std::uint32_t stream = 0;
  friend constexpr bool operator==(const RandomKey&, const RandomKey&) = default;
};

/// Four random words: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as
/// 1, 2, 3") of a counter under a key.
[[nodiscard]] std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                                  const std::array<std::uint32_t, 2>& key);

/// Word number `first + i` of step `step` of the sequence, for each i. A function of its arguments:
/// any part can be drawn alone, or again.
void random_words(RandomKey key, std::uint64_t step, Index first, std::span<std::uint32_t> words);

/// Numbers `first + i` of step `step`, uniform in [0, 1) on the grid of 2^-53: two words for each
/// number. `first` must be even: numbers are drawn in pairs.
void random_uniform(RandomKey key, std::uint64_t step, Index first, std::span<double> values);

/// The same, standard normal, by the Box-Muller transform of uniform pairs.
void random_normal(RandomKey key, std::uint64_t step, Index first, std::span<double> values);

}  // namespace dtheta
