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
constexpr double widest_part = 0.05;       // of the size of θ: the largest step
constexpr double corner_room = 8.0;        // steps to a known corner; the stencil uses three
constexpr double further = 4.0;            // to the second witness: x + h stays exact

/// What accuses must exceed by far what the analytic side rounded away, as measured.
Witness with_rounding(Witness m, const Doubt& doubt) {
  m.cautious += doubt.rounding;
  return m;
}

Finding settle(Verdict verdict, const Witness& m) {
  const double bar = verdict == Verdict::pass ? m.likely : m.cautious;
  return {m.value, bar, m.step, m.step, verdict, Reason::slope};
}

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
  if (!std::isfinite(near.witness.cautious)) return {};
  if (near.corner) return judge_corner(oracle, doubt, ask, near);
  const Claim claim = claim_of(doubt);
  if (law::agrees(claim, near.witness)) return settle(Verdict::pass, near.witness);
  if (const auto rounded = judge_rounding(near.witness, doubt)) return rounded;
  const Witness accuses = with_rounding(near.witness, doubt);
  if (!law::excludes(claim, accuses)) return {};
  const Measured far = measure(oracle, doubt, ask, further * step);
  const Witness second = with_rounding(far.witness, doubt);
  if (!law::excludes(claim, second) || !law::confirms(claim, accuses, second)) return {};
  return settle(Verdict::fail, near.witness);
}

/// Im J / h has the relative error of J itself, like the gradient under test; there is no step that
/// a second witness could take.
std::optional<Finding> OracleJudge::judge_stepless(const Oracle& oracle, const Doubt& doubt,
                                                   const Ask& ask) const {
  if (doubt.corner && doubt.corner->move == 0.0) return {};
  const Claim claim = claim_of(doubt);
  Witness only;
  only.value = ask(complex_step).value;
  only.step = complex_step;
  if (!std::isfinite(only.value)) return {};
  const double own =
      rounding_margin * oracle.roundoff * std::max(doubt.reach, std::abs(only.value));
  only.likely = own + claim.rounding_of(doubt.reach);
  only.cautious = own + claim.rounding_of(std::max(doubt.reach, claim.rounded_with));
  if (law::agrees(claim, only)) return settle(Verdict::pass, only);
  if (const auto rounded = judge_rounding(only, doubt)) return rounded;
  const Witness accuses = with_rounding(only, doubt);
  if (law::excludes(claim, accuses) && law::confirms(claim, accuses, accuses)) {
    return settle(Verdict::fail, only);
  }
  return {};
}

/// θ on a corner: any value between the slopes is right. Where several inputs meet in it, the
/// slopes along one entry do not bound what is.
std::optional<Finding> OracleJudge::judge_corner(const Oracle& oracle, Doubt& doubt, const Ask& ask,
                                                 const Measured& near) const {
  find_corner_(doubt);
  const Measured far = measure(oracle, doubt, ask, further * near.witness.step);
  if (!far.corner || !law::is_same_corner(far.sides, near.sides)) return {};
  const Verdict verdict = law::judge_corner(claim_of(doubt), near.sides);
  const double gap = std::abs(near.sides.above - near.sides.below);
  Finding finding = settle(verdict, near.witness);
  finding.numeric = std::midpoint(near.sides.below, near.sides.above);
  finding.bar = near.witness.cautious + 0.5 * gap;
  finding.reason = Reason::corner;
  const bool mixed = doubt.corner && doubt.corner->mixed;
  if (verdict == Verdict::inconclusive || (verdict == Verdict::fail && mixed)) {
    leave_open(finding, doubt.analytic, Reason::corner);
  }
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

Claim OracleJudge::claim_of(const Doubt& doubt) const {
  Claim claim;
  static_cast<Scales&>(claim) = doubt.scales;
  claim.reference = doubt.reach;
  claim.analytic = doubt.analytic;
  claim.tolerance = request_.options.held_to();
  claim.roundoff = request_.options.gradient_roundoff;
  return claim;
}

OracleJudge::Measured OracleJudge::measure(const Oracle& oracle, const Doubt& doubt, const Ask& ask,
                                           double step) const {
  const Claim claim = claim_of(doubt);
  Measured m;
  m.slope = ask(step);
  const double noise = noise_margin * noise_of(oracle, m.slope.magnitude) / step;
  const double jump = std::abs(m.slope.above - m.slope.below);
  const double bent = 2.0 * m.slope.bend + jump_gain * noise;
  const double own = claim.rounding_of(doubt.reach);
  m.sides = {m.slope.below, m.slope.above, bent, bent};
  m.corner = law::is_corner(m.sides) && jump > own + claim.tolerance * doubt.reach;
  // A corner anywhere within the stencil shows in the spread or in the jump.
  const double bar = m.corner ? bent
                              : 2.0 * m.slope.spread + std::max(0.0, jump - jump_gain * noise) +
                                    noise_gain * noise;
  m.witness.value = m.slope.value;
  m.witness.step = step;
  m.witness.likely = bar + own;
  m.witness.cautious = bar + claim.rounding_of(std::max(doubt.reach, claim.rounded_with));
  return m;
}

/// A value that differs from J's derivative by what its own arithmetic rounded away, as the same
/// computation in a wider scalar shows: no wrong rule. It passes where J is rounded as coarsely, so
/// that nobody could have seen more of it; else its digits are lost, and it is left open. A zero is
/// one where the derivative is known to be far below that.
std::optional<Finding> OracleJudge::judge_rounding(const Witness& m, const Doubt& doubt) const {
  const double error = std::abs(doubt.analytic - m.value);
  if (!(error <= rounding_room * doubt.rounding + m.likely)) return {};
  const bool none =
      std::abs(doubt.analytic) <= std::max(rounding_room * doubt.rounding, doubt.negligible);
  const double sharp = std::max(doubt.rounding, none ? doubt.negligible : 0.0);
  if (!(m.likely <= sharp)) return {};  // it could be anything
  Witness rounded = m;
  if (doubt.rounding + m.likely <= doubt.crumb) {
    rounded.likely += doubt.rounding;
    return settle(Verdict::pass, rounded);
  }
  Finding finding = settle(Verdict::inconclusive, rounded);
  leave_open(finding, doubt.analytic, Reason::unresolved);
  return finding;
}

}  // namespace dtheta::gradcheck::detail
