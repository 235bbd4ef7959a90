#include "gradcheck/judge/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace dtheta::gradcheck::detail {

void name_reasons(std::vector<std::string>& notes, std::span<const Finding> findings,
                  const Words& words) {
  const std::pair<Reason, std::string_view> sentences[] = {
      {Reason::corner,
       "{J} has a corner at {count} of the entries; there the {gradient} was held against the slopes "
       "on both sides, and any value between them is right"},
      {Reason::singular,
       "{J} has no finite derivative at {count} of the entries (the edge of a domain, as of a square "
       "root at 0): no {gradient} is right or wrong there"},
      {Reason::several_corners,
       "{theta} lies on several corners of {J} at once (zero biases do that): {count} entries of the "
       "{gradient} disagree here, but jump at this point and agree on either side of it; check at "
       "a {theta} beside"},
      {Reason::quanta,
       "{J} moves in plateaus around {theta} (a unit within a few roundings of its limit, a rounding, "
       "or numbers of less precision inside it): along {count} of the entries its jumps hide its "
       "slope; check with smaller weights or inputs"},
      {Reason::two_slopes,
       "along {count} of the entries {J} has one slope over steps of some sizes and another over "
       "others (a phase that wraps, stairs, a fast wave, parameters far from 0): neither was held to "
       "be its derivative; check with the offset taken out of {theta}, or {J} without its jumps"},
      {Reason::jumps,
       "along {count} of the entries {J} jumps, and its jumps make up what the {gradient} differs by "
       "from the slope that {J} has between them (a solver that stops early, a number of few places "
       "inside {J}, such as 1 - p of a p next to 1): iterate further, or compute that number without "
       "cancellation, and check again"},
  };
  for (const auto& [reason, sentence] : sentences) {
    const auto count = std::ranges::count(findings, reason, &Finding::reason);
    if (count == 0) continue;
    notes.push_back(fmt::format(fmt::runtime(sentence), fmt::arg("J", words.function),
                                fmt::arg("theta", words.point), fmt::arg("gradient", words.claim),
                                fmt::arg("count", count)));
  }
}

void name_open(std::vector<std::string>& notes, std::span<const Finding> findings,
               const Words& words) {
  if (!notes.empty()) return;
  std::size_t open = 0;
  double least = std::numeric_limits<double>::infinity();  // bars, in parts of the derivative
  for (const Finding& finding : findings) {
    if (finding.verdict != Verdict::inconclusive) continue;
    ++open;
    const double part = finding.bar / std::abs(finding.numeric);
    if (part < least) least = part;
  }
  if (open == 0) return;
  const std::string best =
      least < 1.0 ? fmt::format(" (the best is uncertain by {:.1e} of itself)", least) : "";
  notes.push_back(fmt::format(
      "along {} of the entries {} gave no slope sharp enough to judge by: from close by its roundings "
      "hide it, further away it bends or ends{}; check at another {}, with {} computed to more digits, "
      "or with a larger tolerance",
      open, words.function, best, words.point, words.function));
}

}  // namespace dtheta::gradcheck::detail
