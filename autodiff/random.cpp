#include "autodiff/random.hpp"

#include <Random123/philox.h>

#include <cassert>
#include <cmath>
#include <numbers>

namespace dtheta {
namespace {

using Generator = r123::Philox4x32;

Generator::ctr_type block_of(RandomKey key, std::uint64_t step, std::uint64_t block) {
  // The step and the position in it are the counter; seed and stream are the key.
  const Generator::ctr_type counter{
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
       static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)}};
  return Generator{}(counter, Generator::key_type{{key.seed, key.stream}});
}

double unit_interval(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace

std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                    const std::array<std::uint32_t, 2>& key) {
  const Generator::ctr_type words =
      Generator{}(Generator::ctr_type{{counter[0], counter[1], counter[2], counter[3]}},
                  Generator::key_type{{key[0], key[1]}});
  return {words[0], words[1], words[2], words[3]};
}

void random_words(RandomKey key, std::uint64_t step, Index first, std::span<std::uint32_t> words) {
  auto position = static_cast<std::uint64_t>(first);
  for (std::size_t i = 0; i < words.size();) {
    const Generator::ctr_type block = block_of(key, step, position / 4);
    for (std::size_t k = position % 4; k < 4 && i < words.size(); ++k, ++i, ++position) {
      words[i] = block[k];
    }
  }
}

void random_uniform(RandomKey key, std::uint64_t step, Index first, std::span<double> values) {
  assert(first % 2 == 0);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const Generator::ctr_type w = block_of(key, step, (static_cast<std::uint64_t>(first) + i) / 2);
    values[i] = unit_interval(w[0], w[1]);
    if (i + 1 < values.size()) values[i + 1] = unit_interval(w[2], w[3]);
  }
}

void random_normal(RandomKey key, std::uint64_t step, Index first, std::span<double> values) {
  assert(first % 2 == 0);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const Generator::ctr_type w = block_of(key, step, (static_cast<std::uint64_t>(first) + i) / 2);
    // 1 - u lies in (0, 1], so the logarithm is finite.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - unit_interval(w[0], w[1])));
    const double angle = 2.0 * std::numbers::pi * unit_interval(w[2], w[3]);
    values[i] = radius * std::cos(angle);
    if (i + 1 < values.size()) values[i + 1] = radius * std::sin(angle);
  }
}

}  // namespace dtheta
