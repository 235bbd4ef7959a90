#include "gradcheck/directions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/scales.hpp"

namespace dtheta::gradcheck {
namespace {

/// SplitMix64's finaliser: a counter becomes 64 bits. Steele, Lea and Flood, OOPSLA 2014.
std::uint64_t scrambled(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// In (0, 1).
double uniform(std::uint64_t bits) { return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53; }

/// Box and Muller; a function of its arguments alone.
double gaussian(std::uint64_t key, std::uint64_t i) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(scrambled(key ^ scrambled(2 * i)))));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(scrambled(key ^ scrambled(2 * i + 1))));
}

class GroupTest {
 public:
  GroupTest(const Cost& cost, std::span<const double> gradient, const ParameterVector& theta,
            std::size_t most, const DirectionOptions& options)
      : cost_(cost), gradient_(gradient), theta_(theta), most_(most), options_(options) {}

  BadEntries run() {
    if (is_bad(0, theta_.size())) search(0, theta_.size());
    return std::move(found_);
  }

 private:
  bool is_bad(std::size_t first, std::size_t last) {
    auto direction = gaussian_direction(theta_, options_.seed, found_.probes++);
    for (std::size_t i = 0; i < direction.size(); ++i) {
      if (i < first || i >= last) direction[i] = 0.0;
      // The size of an entry in its direction is kept away from zero, where it would hide.
      else if (last - first == 1)
        direction[i] = std::abs(direction[i]) + 0.1;
    }
    const auto slope = slope_along(cost_, gradient_, theta_, direction, options_.check);
    found_.evaluations += slope.evaluations;
    return slope.verdict == Verdict::fail;
  }

  /// [first, last) is known to be bad.
  void search(std::size_t first, std::size_t last) {
    if (found_.positions.size() >= most_) {
      found_.complete = false;
      return;
    }
    if (last - first == 1) {
      found_.positions.push_back(first);
      return;
    }
    const std::size_t middle = first + (last - first) / 2;
    const bool left = is_bad(first, middle);
    if (left) search(first, middle);
    // If the left half is clean, the right one is to blame without a test.
    if (!left || is_bad(middle, last)) search(middle, last);
  }

  const Cost& cost_;
  std::span<const double> gradient_;
  const ParameterVector& theta_;
  std::size_t most_;
  const DirectionOptions& options_;
  BadEntries found_;
};

}  // namespace

std::vector<double> gaussian_direction(const ParameterVector& theta, std::uint64_t seed,
                                       std::uint64_t number) {
  std::vector<double> direction(theta.size());
  const std::uint64_t key = scrambled(scrambled(seed) + number);
  for (const Block& block : theta.blocks()) {
    const double scale = detail::scale_of(theta, block);
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      direction[i] = scale * gaussian(key, i);
    }
  }
  return direction;
}

DirectionSlope slope_along(const Cost& cost, std::span<const double> gradient,
                           const ParameterVector& theta, std::span<const double> direction,
                           const Options& options) {
  if (gradient.size() != theta.size() || direction.size() != theta.size()) {
    throw ShapeError(
        fmt::format("direction: theta has {} entries, the gradient {}, the direction "
                    "{}",
                    theta.size(), gradient.size(), direction.size()));
  }
  DirectionSlope slope;
  double squares = 0.0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    if (direction[i] == 0.0) continue;  // a NaN there is not asked about
    const double part = gradient[i] * direction[i];
    slope.analytic += part;
    squares += part * part;
  }
  slope.spread = std::sqrt(squares);
  std::vector<double> moved(theta.size());
  const Cost along = [&](std::span<const double> t) {
    for (std::size_t i = 0; i < moved.size(); ++i) {
      moved[i] = theta.values()[i] + t[0] * direction[i];
    }
    return cost(moved);
  };
  Options one = options;
  one.threads = 1;  // `moved` is shared
  one.blocks.clear();
  one.layers.clear();
  one.hints = {};
  const std::array<double, 1> here{0.0};
  const std::array<double, 1> analytic{slope.analytic};
  const Result result = check(along, analytic, here, one);
  slope.numeric = result.numeric[0];
  slope.bar = result.bar[0];
  slope.verdict = result.verdict;
  slope.evaluations = result.evaluations;
  slope.complete = result.complete;
  return slope;
}

BadEntries find_bad_entries(const Cost& cost, const Gradient& gradient,
                            const ParameterVector& theta, std::size_t most,
                            const DirectionOptions& options) {
  const std::vector<double> g = gradient.at(theta);
  return GroupTest(cost, g, theta, most, options).run();
}

}  // namespace dtheta::gradcheck
