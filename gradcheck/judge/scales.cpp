#include "gradcheck/judge/scales.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double most_crumbs = 64.0;  // roundings of the largest derivative
// Root mean square over median, above which a block is taken for one of mixed units: of entries
// drawn from one distribution, however many, it is below 10.
constexpr double mixed_units = 30.0;

double root_mean_square(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) largest = std::max(largest, std::abs(v));
  if (largest == 0.0 || !std::isfinite(largest)) return 0.0;
  double squares = 0.0;
  for (const double v : values) squares += (v / largest) * (v / largest);
  return largest * std::sqrt(squares / static_cast<double>(values.size()));
}

/// Of the magnitudes that say something, the lower one of two; 0 if there is none.
double median_size(std::span<const double> values) {
  std::vector<double> sizes;
  for (const double v : values) {
    if (std::abs(v) > next_to_nothing) sizes.push_back(std::abs(v));
  }
  if (sizes.empty()) return 0.0;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>((sizes.size() - 1) / 2);
  std::ranges::nth_element(sizes, middle);
  return *middle;
}

}  // namespace

double largest_finite(std::span<const double> values) {
  double largest = 0.0;
  for (const double v : values) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

double scale_of(const ParameterVector& theta, const Block& block) {
  const double own = root_mean_square(theta.values().subspan(block.offset, block.size));
  if (own > next_to_nothing) return own;
  const double whole = root_mean_square(theta.values());
  return whole > next_to_nothing ? whole : 1.0;
}

double Largest::beside(double length) const {
  // Between weights and the biases behind them, say.
  constexpr double same_units = 1e3;
  return std::min(derivative, same_units * change / length);
}

/// An error of a tolerance of 1e-7 of the largest is no smaller part of another derivative than
/// 1e-4.
bool differ_in_units(std::span<const double> values, std::span<const double> derivatives) {
  constexpr double out_of_proportion = 1e3;
  const double small = root_mean_square(values) / mixed_units;
  double of_small = 0.0, of_others = 0.0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double size = std::abs(values[k]), slope = std::abs(derivatives[k]);
    if (!std::isfinite(slope) || size <= next_to_nothing) continue;
    double& largest = size <= small ? of_small : of_others;
    largest = std::max(largest, slope);
  }
  return of_others > 0.0 && of_small > out_of_proportion * of_others;
}

std::vector<BlockScales> BlockScales::of_blocks(const ParameterVector& theta,
                                                std::span<const Block> blocks,
                                                std::span<const double> analytic, double roundoff,
                                                double cost) {
  Largest whole{largest_finite(analytic)};
  for (const Block& block : theta.blocks()) {
    const BlockScales one(theta, block, analytic, roundoff, cost);
    whole.change = std::max(whole.change, one.largest_change_);
  }
  std::vector<BlockScales> scales;
  for (const Block& block : blocks) {
    scales.emplace_back(theta, block, analytic, roundoff, cost).whole_ = whole;
  }
  return scales;
}

BlockScales::BlockScales(const ParameterVector& theta, const Block& block,
                         std::span<const double> analytic, double roundoff, double cost)
    : values_(theta.values()),
      analytic_(analytic),
      cost_(cost),
      length_(scale_of(theta, block)),
      roundoff_(roundoff) {
  const auto own = theta.values().subspan(block.offset, block.size);
  median_ = median_size(own);
  const double largest = largest_finite(own);
  mixed_ = median_ > 0.0 && length_ > mixed_units * median_;
  // Two entries have no middle: a factor between them says as much.
  mixed_ = mixed_ || (median_ > 0.0 && largest > mixed_units * median_ && block.size <= 8);
  mixed_ = mixed_ || differ_in_units(own, analytic.subspan(block.offset, block.size));
  largest_ = largest_finite(analytic.subspan(block.offset, block.size));
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    const double change = std::abs(analytic[i]) * length(i);
    if (std::isfinite(change)) largest_change_ = std::max(largest_change_, change);
  }
}

double BlockScales::length(std::size_t entry) const {
  if (!mixed_) return length_;
  const double size = std::abs(values_[entry]);
  if (size <= next_to_nothing) return median_;
  // Moved by its size it would not change one bit of J: then J's own size says how far to go.
  const double slope = std::abs(analytic_[entry]);
  const bool lost = slope > 0.0 && slope * size < unit_roundoff * cost_;
  return lost ? std::clamp(cost_ / slope, size, std::max(size, length_)) : size;
}

Scales BlockScales::of(std::size_t entry) const {
  Scales scales;
  scales.scale = mixed_ ? std::min(largest_, largest_change_ / length(entry)) : largest_;
  scales.apart = mixed_;
  const double whole = whole_.beside(length(entry));
  scales.reference = scales.scale > 0.0 ? scales.scale : whole;
  // So small a gradient may be what rounding left where large terms cancel; zeros are exact. Where
  // units differ, sizes say nothing of the kind.
  const double crumbs = mixed_ ? 0.0 : most_crumbs * roundoff_ * whole;
  if (scales.scale > 0.0 && scales.scale <= crumbs) scales.rounded_with = whole;
  return scales;
}

}  // namespace dtheta::gradcheck::detail
