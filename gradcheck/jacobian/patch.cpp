#include "gradcheck/jacobian/patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double slack = 4.0;      // bars
constexpr double relative = 1e-6;  // of a guess: what its own rounding and tolerance leave

}  // namespace

bool Patch::wrong(std::size_t e) const {
  if (!std::isfinite(analytic[e])) return true;
  const double apart = std::abs(analytic[e] - numeric[e]);
  return apart > bar[e] && apart > 1e-7 * std::max(std::abs(analytic[e]), std::abs(numeric[e]));
}

double Patch::largest() const {
  double most = 0.0;
  for (std::size_t e = 0; e < size(); ++e) {
    if (usable[e]) most = std::max(most, std::abs(numeric[e]));
  }
  return most;
}

bool Patch::fits(std::size_t e, double guess, double used) const {
  return std::abs(analytic[e] - guess) <= slack * used + relative * std::abs(guess);
}

double sureness_of(std::size_t witnesses, std::size_t free_numbers) {
  if (witnesses <= free_numbers) return 0.4;
  const std::size_t spare = witnesses - free_numbers;
  if (spare == 1) return 0.75;
  return spare < 4 ? 0.9 : 0.97;
}

Ratio ratio_over(const Patch& patch, const std::vector<std::size_t>& entries) {
  // The entry that is known best says the factor, the others bear witness.
  Ratio ratio;
  double best = 0.0;
  for (const std::size_t e : entries) {
    if (!patch.usable[e] || !std::isfinite(patch.analytic[e])) continue;
    const double known = std::abs(patch.numeric[e]) / std::max(patch.bar[e], 1e-300);
    if (patch.numeric[e] == 0.0 || known <= std::max(best, slack)) continue;
    best = known;
    ratio.factor = patch.analytic[e] / patch.numeric[e];
    ratio.uncertainty = slack / known + relative;
  }
  if (best == 0.0) return ratio;
  ratio.consistent = true;
  for (const std::size_t e : entries) {
    if (!patch.usable[e]) continue;
    const double guess = ratio.factor * patch.numeric[e];
    const double bar =
        std::max(1.0, std::abs(ratio.factor)) * patch.bar[e] + ratio.uncertainty * std::abs(guess);
    if (!patch.fits(e, guess, bar)) {
      ratio.consistent = false;
      return ratio;
    }
    if (std::abs(patch.numeric[e]) > slack * patch.bar[e]) ++ratio.witnesses;
  }
  return ratio;
}

std::vector<std::size_t> row_entries(const Patch& patch, std::size_t i) {
  std::vector<std::size_t> entries;
  for (std::size_t j = 0; j < patch.columns; ++j) entries.push_back(patch.at(i, j));
  return entries;
}

std::vector<std::size_t> column_entries(const Patch& patch, std::size_t j) {
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < patch.rows; ++i) entries.push_back(patch.at(i, j));
  return entries;
}

std::vector<std::size_t> all_entries(const Patch& patch) {
  std::vector<std::size_t> entries(patch.size());
  for (std::size_t e = 0; e < entries.size(); ++e) entries[e] = e;
  return entries;
}

FactorName name_ratio(const Ratio& ratio) {
  constexpr double degrees = 180.0 / std::numbers::pi;
  const double size = std::abs(ratio.factor);
  const double within = ratio.uncertainty + 1e-5;
  const char* sign = ratio.factor < 0.0 ? ", and its sign is wrong" : "";
  if (std::abs(size - degrees) <= within * degrees) {
    return {JacobianPattern::degrees,
            fmt::format("180/pi times the right one: by radians where f takes degrees{}", sign),
            true};
  }
  if (std::abs(size * degrees - 1.0) <= within) {
    return {JacobianPattern::degrees,
            fmt::format("pi/180 times the right one: by degrees where f takes radians{}", sign),
            true};
  }
  if (std::abs(ratio.factor + 1.0) <= within) {
    return {JacobianPattern::sign,
            "the negative of the right one: target and prediction, or two points, are exchanged",
            true};
  }
  const NamedFactor name = name_factor(ratio.factor, ratio.uncertainty, 0);
  return {JacobianPattern::factor,
          fmt::format("{} times the right one{}", name.text,
                      name.named ? ": " + name.meaning : std::string()),
          name.named};
}

}  // namespace dtheta::gradcheck::detail
