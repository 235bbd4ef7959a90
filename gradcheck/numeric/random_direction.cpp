#include "gradcheck/numeric/random_direction.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

#include "gradcheck/numeric/counter_bits.hpp"

namespace dtheta::gradcheck {
namespace {

// Directions of a short θ are windows of a list that is longer than it.
constexpr std::size_t shortest_list = 4096;
constexpr std::size_t most_measured = 1024;  // entries that give the size of a block

using detail::scrambled;
using detail::uniform;

/// Box and Muller; a function of the key alone.
void fill_gaussian(std::span<float> out, std::uint64_t key) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double radius = std::sqrt(-2.0 * std::log(uniform(scrambled(key ^ scrambled(2 * i)))));
    const double angle = uniform(scrambled(key ^ scrambled(2 * i + 1)));
    out[i] = static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * angle));
  }
}

constexpr std::size_t lanes = 8, chunk = 32 * lanes;

struct Sums {
  double value = 0.0;
  double squares = 0.0;
};

/// Adds Σ g_i z_i and Σ (g_i z_i)² of at most a chunk, in T and in eight parts each, so that no
/// addition waits for the one before: in float a part of 32 terms is off by 32 roundings.
template <class T>
void add_chunk(const T* g, const float* z, std::size_t count, Sums& sum) {
  std::array<T, lanes> plain{}, squares{};
  const auto add = [&](std::size_t k, std::size_t i) {
    const T v = g[i] * static_cast<T>(z[i]);
    plain[k] += v;
    squares[k] += v * v;
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) add(k, i + k);
  }
  for (; i < count; ++i) add(0, i);
  for (const T v : plain) sum.value += static_cast<double>(v);
  for (const T v : squares) sum.squares += static_cast<double>(v);
}

template <class T>
Sums sums(const T* g, const float* z, std::size_t count) {
  Sums sum;
  for (std::size_t i = 0; i < count; i += chunk) {
    add_chunk(g + i, z + i, std::min(chunk, count - i), sum);
  }
  return sum;
}

/// ‖(g_i z_i)‖₂ whatever the size of its terms.
template <class T>
double scaled_norm(const T* g, const float* z, std::size_t count) {
  const auto term = [&](std::size_t i) { return std::abs(static_cast<double>(g[i]) * z[i]); };
  double largest = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, term(i));
  if (largest == 0.0 || !std::isfinite(largest)) return largest;
  for (std::size_t i = 0; i < count; ++i) {
    const double part = term(i) / largest;
    squares += part * part;
  }
  return largest * std::sqrt(squares);
}

/// The same from the sum of the squares, where T could hold them.
template <class T>
double norm(double squares, const T* g, const float* z, std::size_t count) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(squares)) return squares;
  // Squares that vanish are each less than the least normal number.
  const double least =
      static_cast<double>(count) * double{Limits::min()} / double{Limits::epsilon()};
  const bool held = std::isfinite(squares) && squares > least;
  return held ? std::sqrt(squares) : scaled_norm(g, z, count);
}

}  // namespace

RandomDirection::RandomDirection(const ParameterVector& layout, std::uint64_t seed)
    : blocks_(layout.blocks()),
      mean_squares_(blocks_.size()),
      seed_(seed),
      gaussian_(std::max(layout.size(), shortest_list)) {
  fill_gaussian(gaussian_, seed);
}

template <class T>
void RandomDirection::measure(std::size_t first, std::span<const T> theta) {
  const auto block = std::ranges::find_if(
      blocks_, [&](const Block& b) { return b.offset == first && b.size == theta.size(); });
  assert(block != blocks_.end());
  const std::size_t stride = std::max<std::size_t>(1, theta.size() / most_measured);
  double squares = 0.0, count = 0.0;
  for (std::size_t i = 0; i < theta.size(); i += stride, ++count) {
    squares += static_cast<double>(theta[i]) * static_cast<double>(theta[i]);
  }
  mean_squares_[static_cast<std::size_t>(block - blocks_.begin())] =
      count > 0 ? squares / count : 0;
}

void RandomDirection::turn(std::uint64_t number) {
  double all = 0.0, entries = 0.0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    all += mean_squares_[b] * static_cast<double>(blocks_[b].size);
    entries += static_cast<double>(blocks_[b].size);
  }
  const double usual = all > 0.0 ? std::sqrt(all / entries) : 1.0;
  std::size_t from = scrambled(seed_ + 0x1000 * (number + 1)) % gaussian_.size();
  pieces_.clear();
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    const double size = mean_squares_[b] > 0.0 ? std::sqrt(mean_squares_[b]) : usual;
    for (std::size_t done = 0; done < block.size;) {
      const std::size_t run = std::min(block.size - done, gaussian_.size() - from);
      pieces_.push_back({block.offset + done, block.offset + done + run, from, size});
      done += run;
      from = (from + run) % gaussian_.size();
    }
  }
}

/// Calls visit(entry after `first`, number of entries, their Gaussians, size) for each piece.
template <class F>
void RandomDirection::over(std::size_t first, std::size_t count, F visit) const {
  for (const Piece& piece : pieces_) {
    const std::size_t begin = std::max(first, piece.first);
    const std::size_t end = std::min(first + count, piece.last);
    if (begin >= end) continue;
    visit(begin - first, end - begin, gaussian_.data() + piece.from + (begin - piece.first),
          piece.size);
  }
}

template <class T>
void RandomDirection::move(std::size_t first, std::span<const T> theta, double t,
                           std::span<T> moved) const {
  over(first, theta.size(), [&](std::size_t at, std::size_t n, const float* z, double size) {
    const T scale = static_cast<T>(t * size);
    for (std::size_t i = 0; i < n; ++i) {
      moved[at + i] = theta[at + i] + scale * static_cast<T>(z[i]);
    }
  });
}

RandomDirection::Slope& RandomDirection::Slope::operator+=(const Slope& other) {
  value += other.value;
  spread = std::hypot(spread, other.spread);
  return *this;
}

template <class T>
RandomDirection::Slope RandomDirection::along(std::size_t first,
                                              std::span<const T> gradient) const {
  Slope slope;
  over(first, gradient.size(), [&](std::size_t at, std::size_t n, const float* z, double size) {
    const T* const g = gradient.data() + at;
    const Sums part = sums(g, z, n);
    slope += {size * part.value, size * norm(part.squares, g, z, n)};
  });
  return slope;
}

template void RandomDirection::measure(std::size_t, std::span<const float>);
template void RandomDirection::measure(std::size_t, std::span<const double>);
template void RandomDirection::move(std::size_t, std::span<const float>, double,
                                    std::span<float>) const;
template void RandomDirection::move(std::size_t, std::span<const double>, double,
                                    std::span<double>) const;
template RandomDirection::Slope RandomDirection::along(std::size_t, std::span<const float>) const;
template RandomDirection::Slope RandomDirection::along(std::size_t, std::span<const double>) const;

}  // namespace dtheta::gradcheck
