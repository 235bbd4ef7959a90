#include "gradcheck/bridge/blame/rule_trial.hpp"

#include <algorithm>
#include <cmath>

#include "gradcheck/bridge/blame/signs.hpp"

namespace dtheta::gradcheck {
namespace {

// A sum that is off by more than these bars is taken apart; a single element by more than those is
// called wrong. The bars are near 1e-20, so that neither number matters to a bug.
constexpr double suspicious_bars = 64;
constexpr double wrong_bars = 1024;
// Of what an element is the sum of. Constants of a rule may be doubles (1e-17); rounding of its
// arithmetic in double stays far below; an error that matters to a check is above.
constexpr double tolerance = 1e-10;
// Of L itself: digits that a rule loses in double below this matter to nobody, as those of 1 - y^2
// where y is nearly 1.
constexpr double unseen = 0x1p-40;
// Of what the rule reads: so many may come together in it.
constexpr double roundings = 0x1p10;
// Comparisons: enough to find one of many elements by halves, more where they are cheap.
constexpr double worth = 4e6;  // elements
constexpr double fewest_comparisons = 48, most_comparisons = 160;

/// Whether a value is beside the slope, and beside those of both sides.
bool outside(const LocalDifference::Slope& slope, Quad value, Quad allowed) {
  const Quad low = std::min(slope.below, slope.above), high = std::max(slope.below, slope.above);
  return !isfinite(value) ||
         (abs(value - slope.value) > allowed && (value < low - allowed || value > high + allowed));
}

/// The middle one of the sizes that are neither 0 nor infinite; 1 if there is none.
double typical_size(std::span<const double> x) {
  std::vector<double> sizes;
  for (const double v : x) {
    if (v != 0 && std::isfinite(v)) sizes.push_back(std::abs(v));
  }
  if (sizes.empty()) return 1;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::ranges::nth_element(sizes, middle);
  return *middle;
}

}  // namespace

RuleTrial::RuleTrial(LocalDifference& local, std::size_t value, std::span<const double> x,
                     std::span<const double> rule, std::uint64_t seed)
    : local_(local),
      value_(value),
      x_(x),
      replayed_(rule.begin(), rule.end()),
      direction_(x.size(), 0.0),
      seed_(seed) {
  if (auto wide = local.rule(value)) {
    rule_ = std::move(*wide);
  } else {
    for (const double v : rule) rule_.emplace_back(v);
  }
}

/// Elements move in proportion to themselves, small ones to what is usual among them; or all to
/// themselves, so that none leaves the domain of its op. What is infinite stays.
void RuleTrial::set_direction(Scale scale) {
  const double least = scale == Scale::typical ? 0x1p-20 * typical_size(x_) : 0.0;
  const RandomSigns signs{seed_};
  for (std::size_t j = 0; j < x_.size(); ++j) {
    const double size = std::max(std::abs(x_[j]), least);
    direction_[j] = std::isfinite(x_[j]) ? size * signs(j) : 0.0;
  }
}

std::optional<RuleTrial::Element> RuleTrial::wrong_element() {
  for (const Scale scale : {Scale::typical, Scale::own}) {
    set_direction(scale);
    left_ = static_cast<int>(std::clamp(worth / static_cast<double>(x_.size() + 1),
                                        fewest_comparisons, most_comparisons));
    const Comparison whole = compare(0, x_.size());
    largest_ = whole.terms + whole.slope.size;
    if (auto found = search(0, x_.size(), whole)) return found;
    if (whole.measured) return {};
  }
  return {};
}

Quad RuleTrial::rounded(const Comparison& c, double bars) {
  const Quad allowed = Quad(bars) * c.slope.bar + Quad(tolerance) * (c.terms + c.slope.size) +
                       Quad(unseen) * c.slope.level;
  if (!outside(c.slope, c.replayed, allowed)) return allowed;
  if (!rounding_) rounding_ = local_.rule_rounding(value_);
  Quad lost = 0;
  for (std::size_t j = c.first; j < c.last; ++j) {
    lost += (*rounding_)[j] * Quad(std::abs(direction_[j]));
  }
  return allowed + Quad(roundings) * lost;
}

Quad RuleTrial::Comparison::error() const { return abs(rule - slope.value); }

RuleTrial::Comparison RuleTrial::compare(std::size_t first, std::size_t last) {
  --left_;
  std::vector<double> part(direction_.size(), 0.0);
  Comparison c;
  c.first = first;
  c.last = last;
  for (std::size_t j = first; j < last; ++j) {
    if (direction_[j] == 0) continue;
    part[j] = direction_[j];
    const Quad term = rule_[j] * Quad(part[j]);
    c.rule += term;
    c.terms += abs(term);
    c.replayed += Quad(replayed_[j]) * Quad(part[j]);
  }
  c.slope = local_.along(value_, part);
  c.measured = isfinite(c.slope.value) && isfinite(c.slope.bar);
  if (!c.measured) return c;
  c.suspicious = outside(c.slope, c.rule, Quad(suspicious_bars) * c.slope.bar) ||
                 outside(c.slope, c.replayed, rounded(c, suspicious_bars));
  return c;
}

/// Takes apart what is suspicious or could not be measured, the half with the larger error first.
std::optional<RuleTrial::Element> RuleTrial::search(std::size_t first, std::size_t last,
                                                    Comparison whole) {
  if (first == last || (whole.measured && !whole.suspicious)) return {};
  if (last - first == 1) return judge_element(first, whole);
  if (left_ < 2) return {};
  const std::size_t middle = first + (last - first) / 2;
  const Comparison left = compare(first, middle), right = compare(middle, last);
  const bool swap = right.suspicious && (!left.suspicious || right.error() > left.error());
  for (const bool right_half : {swap, !swap}) {
    const auto found = right_half ? search(middle, last, right) : search(first, middle, left);
    if (found) return found;
  }
  return {};
}

std::optional<RuleTrial::Element> RuleTrial::judge_element(std::size_t j, const Comparison& one) {
  const Quad d(direction_[j]);
  if (!one.measured || direction_[j] == 0) return {};
  const Quad sharp = Quad(wrong_bars) * one.slope.bar +
                     Quad(tolerance) * (isfinite(one.terms) ? one.terms + one.slope.size : Quad(0));
  const std::pair<Quad, Quad> judged[] = {{one.rule, sharp},
                                          {one.replayed, rounded(one, wrong_bars)}};
  for (const auto& [rule, allowed] : judged) {
    if (!outside(one.slope, rule, allowed) || !confirmed(j, rule, one.slope.value)) continue;
    const auto given = static_cast<double>(rule / d),
               right = static_cast<double>(one.slope.value / d);
    if (given == right) continue;  // both are below what double has
    const Quad error = abs(rule - one.slope.value);
    const Quad weight = isfinite(error) && largest_ > Quad(0) ? error / largest_ : Quad(1);
    return Element{j, given, right, static_cast<double>(one.slope.bar / abs(d)),
                   static_cast<double>(weight)};
  }
  return {};
}

/// Whether another step says the same and none says otherwise: what a bar did not see, as terms
/// that cancel inside of the op and swallow a small move, is another one there.
bool RuleTrial::confirmed(std::size_t j, Quad rule, Quad difference) {
  constexpr double alike = 0.01;  // of the error
  std::vector<double> part(direction_.size(), 0.0);
  part[j] = direction_[j];
  int witnesses = 0;
  for (const LocalDifference::Slope& slope : local_.all_along(value_, part)) {
    if (!isfinite(slope.value) || !isfinite(slope.bar)) continue;
    const Quad error = isfinite(rule) ? abs(rule - difference) : abs(difference) + slope.level;
    const Quad apart = abs(slope.value - difference), bars = Quad(suspicious_bars) * slope.bar;
    if (apart > Quad(alike) * error + bars) return false;
    const bool same = apart <= Quad(alike) * error;
    if (same && outside(slope, rule, Quad(wrong_bars) * slope.bar)) ++witnesses;
  }
  return witnesses >= 2;
}

}  // namespace dtheta::gradcheck
