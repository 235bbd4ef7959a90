#include "gradcheck/bridge/rule_trial.hpp"

#include <algorithm>
#include <cmath>

namespace dtheta::gradcheck {
namespace {

// Rounding of a rule's double arithmetic stays far below; an error that matters to a check above.
constexpr double tolerance = 1e-10;
constexpr int most_corners = 16;  // elements of one operand that may lie on a corner

/// Moves in proportion to each element, so that none leaves the domain of its op.
std::vector<double> scales_of(std::span<const double> x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double typical =
      std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, x.size())));
  const double least = typical > 0 && std::isfinite(typical) ? 0x1p-20 * typical : 1.0;
  std::vector<double> scales;
  for (const double v : x) scales.push_back(std::max(std::abs(v), least));
  return scales;
}

/// +1 or -1 with a magnitude between, so that no two elements cancel.
struct Signs {
  std::uint64_t seed;
  double operator()(std::size_t j) const {
    std::uint64_t z = seed + 0x9e3779b97f4a7c15U * (j + 1);  // splitmix64
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    const double size = 0.5 + 0.5 * static_cast<double>(z >> 12) * 0x1p-52;
    return (z & 1) != 0 ? size : -size;
  }
};

}  // namespace

RuleTrial::RuleTrial(LocalDifference& local, const std::vector<int>& operands,
                     std::span<const double> x, std::span<const double> rule, std::uint64_t seed)
    : local_(local),
      operands_(operands),
      rule_(rule.begin(), rule.end()),
      direction_(scales_of(x)) {
  const Signs signs{seed};
  for (std::size_t j = 0; j < direction_.size(); ++j) direction_[j] *= signs(j);
}

std::optional<RuleTrial::Element> RuleTrial::wrong_element() {
  for (int corners = 0; corners < most_corners; ++corners) {
    if (!compare(0, direction_.size()).wrong) return {};
    const std::size_t j = narrow_down();
    const Comparison one = compare(j, j + 1);
    if (one.wrong) {
      return Element{j, rule_[j], static_cast<double>(one.slope.value) / direction_[j]};
    }
    direction_[j] = 0;  // on a corner of the op, or the sum of many roundings: look elsewhere
  }
  return {};
}

RuleTrial::Comparison RuleTrial::compare(std::size_t first, std::size_t last) {
  std::vector<double> part(direction_.size(), 0.0);
  Quad analytic = 0, size = 0;
  for (std::size_t j = first; j < last; ++j) {
    part[j] = direction_[j];
    const Quad term = Quad(rule_[j]) * Quad(part[j]);
    analytic += term;
    size += abs(term);
  }
  Comparison c{local_.along(operands_, part), Quad(0), false};
  c.error = analytic - c.slope.value;
  if (!isfinite(c.error)) {
    c.wrong = isfinite(c.slope.value);  // where the op has no finite slope, any rule will do
    return c;
  }
  const Quad allowed = Quad(tolerance) * (size + c.slope.size);
  const bool below_first = c.slope.below < c.slope.above;
  const Quad low = below_first ? c.slope.below : c.slope.above;
  const Quad high = below_first ? c.slope.above : c.slope.below;
  c.wrong = abs(c.error) > allowed && (analytic < low - allowed || analytic > high + allowed);
  return c;
}

std::size_t RuleTrial::narrow_down() {
  std::size_t first = 0, last = direction_.size();
  while (last - first > 1) {
    const std::size_t middle = first + (last - first) / 2;
    const Comparison left = compare(first, middle), right = compare(middle, last);
    const bool go_left = left.wrong && (!right.wrong || !(abs(left.error) < abs(right.error)));
    (go_left || !right.wrong ? last : first) = middle;
  }
  return first;
}

}  // namespace dtheta::gradcheck
