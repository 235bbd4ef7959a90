#include "gradcheck/report/entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace dtheta::gradcheck::detail {
namespace {

/// Of the textbook, whose bar is one rounding of J over its step. J is a sum, and sums of up to a
/// few thousand terms round this much (64 = sqrt(4096)).
constexpr double roundings = 64.0;

bool within_noise(const Component& c) { return c.error() <= roundings * c.bar; }  // false for NaN

Verdict verdict_of(Band band) {
  if (band == Band::excellent) return Verdict::pass;
  return band == Band::double_check ? Verdict::inconclusive : Verdict::fail;
}

EntryWord textbook_word(const Component& c) {
  if (within_noise(c)) return {Verdict::pass, "within the noise"};
  const Band own = band(c.relative_error());
  return {verdict_of(own), std::string(to_string(own))};
}

}  // namespace

EntryWord word_of(const Result& result, const Component& c) {
  if (result.method == Method::textbook) return textbook_word(c);
  return {c.verdict, std::string(to_string(c.verdict)) + (c.corner ? " (corner)" : "")};
}

bool contradicts(const Result& result, std::size_t i) {
  Component c;
  c.analytic = result.analytic[i];
  c.numeric = result.numeric[i];
  c.bar = result.bar[i];
  if (result.method != Method::textbook) return c.error() > c.bar;
  return std::isfinite(c.bar) && textbook_word(c).verdict == Verdict::fail;
}

std::size_t wrong_entries(const Result& result, const BlockResult& block) {
  if (result.method != Method::textbook) return block.failed;
  std::size_t wrong = 0;
  for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
    wrong += contradicts(result, i) ? 1 : 0;
  }
  return wrong;
}

std::string sight_text(const BlockResult& block) {
  if (!block.sight) return {};
  if (!(block.sight->probability > 0.0)) return "no size: not measured";
  return fmt::format("{:.1e} with {:.4g} %", block.sight->error, 100.0 * block.sight->probability);
}

bool has_sights(const Result& result) {
  return std::ranges::any_of(result.blocks,
                             [](const BlockResult& block) { return block.sight.has_value(); });
}

}  // namespace dtheta::gradcheck::detail
