#include "gradcheck/judge/blind_spots.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>

#include "gradcheck/judge/reasons.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// Blocks that J was not seen to depend on, and those whose difference drowns in that of the whole.
void name_blocks(Result& result, std::span<const Finding> findings) {
  // What is open for a reason of J's has that reason, and what fails was seen.
  const auto has_reason = [&](const BlockResult& block) {
    return std::ranges::any_of(findings.subspan(block.offset, block.size), [](const Finding& f) {
      return f.verdict == Verdict::inconclusive &&
             (f.reason == Reason::quanta || has_two_slopes(f) || f.reason == Reason::singular ||
              f.reason == Reason::several_corners);
    });
  };
  std::vector<std::string_view> insensitive;
  std::size_t hidden_entries = 0;
  std::size_t entries = 0;
  for (const BlockResult& block : result.blocks) {
    entries += block.size;
    if (!block.sensitive && block.verdict != Verdict::fail && !has_reason(block)) {
      insensitive.emplace_back(block.name);
      hidden_entries += block.size;
    }
    const bool hidden =
        result.method == Method::textbook && block.band > result.band && block.band >= Band::error;
    if (!hidden) continue;
    result.notes.push_back(
        fmt::format("{} alone has difference {:.3g} ({}), hidden behind larger blocks", block.name,
                    block.difference.value, to_string(block.band)));
  }
  if (!insensitive.empty()) {
    result.notes.push_back(
        fmt::format("J was not seen to depend on {}: this check could not have seen a bug there "
                    "that leaves the gradient near zero{}",
                    fmt::join(insensitive, ", "),
                    2 * hidden_entries > entries
                        ? "; J may be a constant there, as a sum of softmax outputs is, or theta a "
                          "point where it has no slope: check the cost that is trained with, at "
                          "another theta"
                        : ""));
  }
}

/// Matrices of equal entries: the units behind them are alike, and so are their gradients.
void name_symmetry(Result& result, const ParameterVector& theta) {
  std::vector<std::string_view> alike;
  for (const BlockResult& block : result.blocks) {
    const auto values = theta.values().subspan(block.offset, block.size);
    const auto wide = std::ranges::count_if(block.shape, [](std::size_t n) { return n > 1; });
    if (wide < 2 || std::ranges::adjacent_find(values, std::not_equal_to<>()) != values.end()) {
      continue;
    }
    alike.emplace_back(block.name);
  }
  if (alike.empty()) return;
  result.notes.push_back(
      fmt::format("all entries of {} are equal: this check could not have seen a bug in the order "
                  "of the units there (a transpose, a permutation, the wrong layer's weights); "
                  "check at random values",
                  fmt::join(alike, ", ")));
}

/// Why entries are open where noise hides what was asked for, and what to ask instead.
void name_noise(Result& result, std::span<const Finding> findings) {
  constexpr double plain = 0x1p12 * unit_roundoff;  // of J: what a long sum in double may have
  const double part = result.noise / std::abs(result.cost);
  if (!result.deterministic || !(part > plain)) return;
  const auto open = [](const Finding& finding) {
    return finding.verdict == Verdict::inconclusive && finding.reason == Reason::unresolved;
  };
  if (std::ranges::none_of(findings, open)) return;
  double seen = 0.0;
  for (const BlockResult& block : result.blocks) {
    if (block.inconclusive > 0) seen = std::max(seen, block.detectable);
  }
  const double decade = std::pow(10.0, std::floor(std::log10(seen)));
  const bool single = part > 0x1p-27 && part < 0x1p-20;
  result.notes.push_back(fmt::format(
      "the values of J are uncertain by {:.1e}, {:.1e} of J{}: that hides what was asked for; "
      "compute J with more digits{}",
      result.noise, part, single ? ", as where it is computed in float" : "",
      seen < 1.0
          ? fmt::format(", or ask for a tolerance of {:.0e}", decade * std::ceil(seen / decade))
          : ""));
}

}  // namespace

void name_blind_spots(Result& result, const ParameterVector& theta,
                      std::span<const Finding> findings) {
  name_blocks(result, findings);
  name_symmetry(result, theta);
  // What J does by itself looks like corners.
  if (result.deterministic) name_reasons(result.notes, findings, of_gradients);
  if (result.method != Method::adaptive) return;
  name_noise(result, findings);
  if (result.verdict == Verdict::inconclusive) name_open(result.notes, findings, of_gradients);
}

}  // namespace dtheta::gradcheck::detail
