#include "gradcheck/judge/oracle_judge.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

// Sums of |weights|: of the two-sided slope, and of the difference of the one-sided ones.
constexpr double noise_gain = 1.84;
constexpr double jump_gain = 13.4;
constexpr double noise_share = 1.0 / 8.0;  // of the error asked for, that noise may use up
constexpr double insignificant = 0.1;  // parts of the tolerance of the block's largest derivative
constexpr double clear = 8.0;          // bars between a gradient and what accuses it
constexpr double widest_part = 0.05;   // of the size of θ: the largest step
constexpr double corner_room = 8.0;    // steps to a known corner; the stencil uses three

}  // namespace

std::optional<Finding> OracleJudge::judge(const Oracle& oracle, Doubt& doubt,
                                          std::size_t& evaluations) const {
  const Ask ask = [&](double step) {
    evaluations += oracle.price;
    return oracle.slope(doubt.entry, step);
  };
  return oracle.stepless ? judge_stepless(oracle, doubt, ask) : judge_stepped(oracle, doubt, ask);
}

std::optional<Finding> OracleJudge::judge_stepped(const Oracle& oracle, Doubt& doubt,
                                                  const Ask& ask) const {
  const double step = step_for(oracle, doubt);
  if (step == 0.0) return {};
  const Measured near = measure(oracle, doubt, ask, step);
  if (!std::isfinite(near.cautious)) return {};
  if (near.corner) return judge_corner(oracle, doubt, ask, near);
  if (agrees(near, doubt)) return settle(Verdict::pass, near);
  if (const auto rounded = judge_rounding(near, doubt)) return rounded;
  if (!excludes(near, doubt)) return {};
  // Another step must say the same.
  const Measured far = measure(oracle, doubt, ask, 4.0 * step);
  const bool same = std::abs(far.slope.value - near.slope.value) <= far.cautious + near.cautious;
  if (!same || !excludes(far, doubt)) return {};
  return settle(Verdict::fail, near);
}

/// Im J / h has the relative error of J itself, like the gradient under test.
std::optional<Finding> OracleJudge::judge_stepless(const Oracle& oracle, const Doubt& doubt,
                                                   const Ask& ask) const {
  if (doubt.corner && doubt.corner->move == 0.0) return {};
  Measured only;
  only.slope = ask(complex_step);
  only.step = complex_step;
  if (!std::isfinite(only.slope.value)) return {};
  const double own =
      rounding_margin * oracle.roundoff * std::max(doubt.reach, std::abs(only.slope.value));
  only.likely = own + rounding(doubt.reach);
  only.cautious = own + rounding(std::max(doubt.reach, doubt.scales.rounded_with));
  if (agrees(only, doubt)) return settle(Verdict::pass, only);
  if (const auto rounded = judge_rounding(only, doubt)) return rounded;
  if (excludes(only, doubt)) return settle(Verdict::fail, only);
  return {};
}

/// θ on a corner: any value between the slopes is right.
std::optional<Finding> OracleJudge::judge_corner(const Oracle& oracle, Doubt& doubt, const Ask& ask,
                                                 const Measured& near) const {
  find_corner_(doubt);
  const Measured far = measure(oracle, doubt, ask, 4.0 * near.step);
  const double apart = std::max(std::abs(far.slope.below - near.slope.below),
                                std::abs(far.slope.above - near.slope.above));
  if (!far.corner || apart > near.cautious + far.cautious) return {};
  const auto [low, high] = std::minmax(near.slope.below, near.slope.above);
  const double outside = std::max(low - doubt.analytic, doubt.analytic - high);
  const double allowed = request_.options.held_to() * std::max(std::abs(low), std::abs(high));
  if (outside > std::max(near.cautious, allowed) && outside <= clear * near.cautious) return {};
  const bool mixed = doubt.corner && doubt.corner->mixed;
  const Verdict verdict = outside <= std::max(near.cautious, allowed) ? Verdict::pass
                          : mixed                                     ? Verdict::inconclusive
                                                                      : Verdict::fail;
  Finding finding = settle(verdict, near);
  finding.numeric = std::midpoint(low, high);
  finding.bar = near.cautious + 0.5 * (high - low);
  // What was not accused would not have been seen.
  if (verdict == Verdict::inconclusive) finding.bar += 1.5 * outside;
  finding.reason = Reason::corner;
  return finding;
}

/// The smallest step at which noise stays a small part of the error that must be seen: so the
/// truncation is the least possible, and the fewest corners are near. 0 if there is none.
double OracleJudge::step_for(const Oracle& oracle, const Doubt& doubt) const {
  const double noise = noise_of(oracle, std::abs(request_.cost));
  const double asked = request_.options.held_to() * doubt.reach;
  double step = noise_margin * noise_gain * noise / (noise_share * asked);
  const double closest = std::max(std::pow(oracle.roundoff, 2.0 / 3.0) * doubt.length,
                                  64.0 * oracle.roundoff * std::abs(doubt.x));
  const double widest = widest_part * std::max(std::abs(doubt.x), doubt.length);
  step = std::clamp(std::isfinite(step) ? step : widest, closest, std::max(closest, widest));
  if (doubt.corner && doubt.corner->move != 0.0) {
    step = std::min(step, std::abs(doubt.corner->move) / (4.0 * corner_room));
    if (step < 64.0 * oracle.roundoff * std::abs(doubt.x)) return 0.0;
  }
  return step > 0.0 ? std::exp2(std::floor(std::log2(step))) : 0.0;
}

/// What the noise measured in double becomes in a scalar with that roundoff.
double OracleJudge::noise_of(const Oracle& oracle, double magnitude) const {
  return std::max(noise_ / unit_roundoff, magnitude) * oracle.roundoff;
}

/// Of an analytic value that was computed with numbers of this size.
double OracleJudge::rounding(double size) const {
  return rounding_margin * request_.options.gradient_roundoff * size;
}

OracleJudge::Measured OracleJudge::measure(const Oracle& oracle, const Doubt& doubt, const Ask& ask,
                                           double step) const {
  Measured m;
  m.slope = ask(step);
  m.step = step;
  const double noise = noise_margin * noise_of(oracle, m.slope.magnitude) / step;
  const double jump = std::abs(m.slope.above - m.slope.below);
  const double bent = 2.0 * m.slope.bend + jump_gain * noise;
  const double own = rounding(doubt.reach);
  m.corner = jump > 4.0 * bent && jump > own + request_.options.held_to() * doubt.reach;
  // A corner anywhere within the stencil shows in the spread or in the jump.
  const double bar = m.corner ? bent
                              : 2.0 * m.slope.spread + std::max(0.0, jump - jump_gain * noise) +
                                    noise_gain * noise;
  m.likely = bar + own;
  m.cautious = bar + rounding(std::max(doubt.reach, doubt.scales.rounded_with));
  return m;
}

bool OracleJudge::agrees(const Measured& m, const Doubt& doubt) const {
  const double error = std::abs(doubt.analytic - m.slope.value), asked = request_.options.held_to();
  const double own = std::max(std::abs(doubt.analytic), std::abs(m.slope.value));
  return (error <= m.likely && m.likely <= asked * std::max(own, doubt.reach)) ||
         error + m.likely <= asked * std::max(own, insignificant * doubt.scales.scale) ||
         leaves_crumbs_of_zero(m, doubt);
}

/// A derivative of zero, as of a bias before a softmax over all that it is added to: its terms
/// cancel but for their roundings.
bool OracleJudge::leaves_crumbs_of_zero(const Measured& m, const Doubt& doubt) const {
  const double crumb = std::abs(doubt.analytic);
  return crumb <= rounding(doubt.scales.rounded_with) &&
         std::abs(m.slope.value) + m.likely <= request_.options.held_to() * crumb;
}

/// A value that differs from J's derivative by what its own arithmetic rounded away, as the same
/// computation in a wider scalar shows: no wrong rule. It passes where J is rounded as coarsely, so
/// that nobody could have seen more of it; else its digits are lost, and it is left open. A zero is
/// one where the derivative is known to be far below that.
std::optional<Finding> OracleJudge::judge_rounding(const Measured& m, const Doubt& doubt) const {
  const double error = std::abs(doubt.analytic - m.slope.value);
  if (!(error <= rounding_room * doubt.rounding + m.likely)) return {};
  const bool none =
      std::abs(doubt.analytic) <= std::max(rounding_room * doubt.rounding, doubt.negligible);
  const double sharp = std::max(doubt.rounding, none ? doubt.negligible : 0.0);
  if (!(m.likely <= sharp)) return {};  // it could be anything
  Measured rounded = m;
  if (doubt.rounding + m.likely <= doubt.crumb) {
    rounded.likely += doubt.rounding;
    return settle(Verdict::pass, rounded);
  }
  // What was not accused would not have been seen.
  rounded.cautious = std::max(m.cautious, 1.5 * error);
  return settle(Verdict::inconclusive, rounded);
}

bool OracleJudge::excludes(const Measured& m, const Doubt& doubt) const {
  const double error = std::abs(doubt.analytic - m.slope.value);
  const double own = std::max(std::abs(doubt.analytic), std::abs(m.slope.value));
  return error > clear * m.cautious + doubt.rounding &&
         error > request_.options.held_to() * std::max(own, insignificant * doubt.scales.scale);
}

Finding OracleJudge::settle(Verdict verdict, const Measured& m) {
  const double bar = verdict == Verdict::pass ? m.likely : m.cautious;
  return {m.slope.value, bar, m.step, m.step, verdict, Reason::slope};
}

}  // namespace dtheta::gradcheck::detail
