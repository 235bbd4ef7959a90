#include "gradcheck/numeric/noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr std::size_t fewest_values = 7;
constexpr double agreement = 4.0;     // three levels within this factor are the same noise
constexpr double widest_range = 0.1;  // relative range above which the function, not noise, is seen

struct Level {
  double sigma = 0.0;
  bool changes_sign = false;
};

/// Replaces the table by its first differences and measures them.
Level next_level(std::vector<double>& table, double gamma) {
  double squares = 0.0;  // of numbers of any size: the table has been divided by its largest
  bool positive = false;
  bool negative = false;
  for (std::size_t i = 0; i + 1 < table.size(); ++i) {
    table[i] = table[i + 1] - table[i];
    squares += table[i] * table[i];
    positive = positive || table[i] > 0.0;
    negative = negative || table[i] < 0.0;
  }
  table.pop_back();
  return {std::sqrt(gamma * squares / static_cast<double>(table.size())), positive && negative};
}

bool agree(std::span<const Level> three) {
  const auto [low, high] = std::ranges::minmax(three, {}, &Level::sigma);
  return high.sigma <= agreement * low.sigma;
}

}  // namespace

std::string_view to_string(NoiseStatus status) {
  switch (status) {
    case NoiseStatus::found:
      return "found";
    case NoiseStatus::too_close:
      return "spacing too small";
    case NoiseStatus::too_far:
      return "spacing too large";
    case NoiseStatus::not_finite:
      break;
  }
  return "not finite";
}

Noise estimate_noise(std::span<const double> values) {
  if (values.size() < fewest_values) {
    throw ShapeError(fmt::format("noise: {} values were given, but a difference table needs {}",
                                 values.size(), fewest_values));
  }
  if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) {
    return {.status = NoiseStatus::not_finite};
  }
  const auto [low, high] = std::ranges::minmax(values);
  if (high - low > widest_range * std::max(std::abs(low), std::abs(high))) {
    return {.status = NoiseStatus::too_far};
  }

  // A power of two near the largest value: no square overflows, and no bit is lost.
  const double largest = std::max(std::abs(low), std::abs(high));
  const double unit = largest > 0.0 ? std::exp2(std::ilogb(largest)) : 1.0;
  std::vector<double> table(values.begin(), values.end());
  for (double& v : table) v /= unit;
  std::vector<Level> levels;
  double gamma = 1.0;
  for (std::size_t k = 1; k < values.size(); ++k) {
    const auto order = static_cast<double>(k);
    gamma *= 0.5 * order / (2.0 * order - 1.0);  // γ_k / γ_{k−1} = k²/(2k(2k−1))
    levels.push_back(next_level(table, gamma));
    const auto zeros = static_cast<std::size_t>(std::ranges::count(table, 0.0));
    if (k == 1 && 2 * zeros >= table.size()) return {.status = NoiseStatus::too_close};
  }
  for (std::size_t k = 0; k + 3 <= levels.size(); ++k) {
    if (levels[k].changes_sign && agree(std::span(levels).subspan(k, 3))) {
      return {NoiseStatus::found, unit * levels[k].sigma, static_cast<int>(k) + 1};
    }
  }
  return {.status = NoiseStatus::too_far};
}

Noise estimate_noise(const std::function<double(double)>& f, double x, double spacing,
                     int attempts) {
  if (!(spacing > 0.0) || !std::isfinite(spacing)) {
    throw OptionError(fmt::format("noise: the spacing is {}, but it must be positive", spacing));
  }
  constexpr double change = 100.0;
  constexpr double narrow = 3.0;  // spacings closer than this tell the same
  std::array<double, 9> values{};
  Noise last;
  double close = 0.0;  // the widest spacing that was too small, and the smallest too large
  double far = std::numeric_limits<double>::infinity();
  for (int attempt = 0; attempt < attempts; ++attempt) {
    // As x resolves it: unequal spacings would look like noise.
    if (x + spacing != x) spacing = (x + spacing) - x;
    for (std::size_t i = 0; i < values.size(); ++i) {
      // To one side of x: a corner at x itself must not pass for noise.
      values[i] = f(x + static_cast<double>(i) * spacing);
    }
    last = estimate_noise(values);
    last.spacing = spacing;
    if (last.status == NoiseStatus::too_close) close = spacing;
    last.still = close;
    if (last.status == NoiseStatus::found) break;
    if (last.status != NoiseStatus::too_close) far = spacing;
    if (close == 0.0 || std::isinf(far)) {
      spacing = close == 0.0 ? spacing / change : spacing * change;
    } else if (far < narrow * close) {
      break;
    } else {
      spacing = std::sqrt(close) * std::sqrt(far);
    }
  }
  return last;
}

}  // namespace dtheta::gradcheck
