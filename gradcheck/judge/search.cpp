#include "gradcheck/judge/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {

void Search::end_open() {
  decided_ = true;
  finding_.step = step_;
  finding_.reason = Reason::unresolved;
}

Search::Search(std::size_t index, double x, double analytic, const Start& start)
    : index_(index),
      x_(x),
      analytic_(analytic),
      start_(start),
      step_(start.step),
      edge_(std::numeric_limits<double>::infinity()),
      sharpest_(std::numeric_limits<double>::infinity()) {
  step_ = std::max(step_, resolution());
}

void Search::ask(std::vector<Probe>& probes) const {
  if (piece_) {
    for (const double move : piece_->wanted()) probes.push_back({index_, x_ + move});
    return;
  }
  for (const double point : points(side_, x_, step_)) probes.push_back({index_, point});
}

void Search::take(std::span<const double> answers, double cost) {
  if (piece_) {
    const auto moves = piece_->wanted();
    for (std::size_t k = 0; k < moves.size(); ++k) {
      // What the working precision makes of the move.
      piece_->add((x_ + moves[k]) - x_, answers[k] - cost);
    }
    return;
  }
  const auto at = points(side_, x_, step_);
  for (std::size_t k = 0; k < at.size(); ++k) values_.push_back({at[k] - x_, answers[k] - cost});
  slopes_.push_back(measure(side_, x_, step_, cost, answers.first<4>()));
}

Claim Search::claim(const Standard& standard) const {
  Claim claim{standard.scales};
  claim.analytic = analytic_;
  claim.tolerance = standard.tolerance;
  claim.roundoff = standard.roundoff;
  claim.length = start_.size;
  claim.crumb = standard.crumb;
  return claim;
}

double Search::noise_of(const Slope& slope, const Standard& standard) const {
  const double noise = std::max(standard.noise, unit_roundoff * slope.magnitude);
  const double quantum = rounding_deviation * least_move();
  if (slope.flat) {
    // A claim that J moves is asked about its jumps before it is accused, a claim of zero is not.
    const double hides = analytic_ == 0.0 ? quantum : 0.0;
    return std::max({noise, hidden_quanta * std::max(1.0, slope.magnitude), hides});
  }
  return flat_below(slope) > 0.0 ? std::max(noise, quantum) : noise;
}

Search::Bars Search::bars(const Slope& slope, const Standard& standard, double noise) const {
  const Claim held = claim(standard);
  const double own = std::max(held.own_size(slope.value), standard.scales.scale);
  Bars bars;
  bars.value = slope.value;
  bars.step = slope.step;
  // What is more than the noise that was measured has no known bound.
  constexpr double same = 1.01;
  const double margin = noise > same * standard.noise ? noise_margin : standard.margin;
  bars.noise = margin * slope.noise_gain * noise / slope.step;
  bars.likely =
      slope.likely_truncation(held.size(slope.value)) + bars.noise + held.rounding_of(own);
  bars.cautious = slope.cautious_truncation() + bars.noise +
                  held.rounding_of(std::max(own, standard.scales.rounded_with));
  bars.visible = slope.visible_truncation(margin * noise / slope.step);
  return bars;
}

Search::Bars Search::bars(const Slope& slope, const Standard& standard) const {
  return bars(slope, standard, std::max(noise_of(slope, standard), standard.rounding_noise));
}

void Search::settle(Verdict verdict, const Slope& slope, double bar) {
  decided_ = true;
  finding_.numeric = slope.value;
  finding_.bar = bar;
  finding_.step = slope.step;
  finding_.stencil = piece_ ? 0.0 : slope.step;
  finding_.verdict = verdict;
  finding_.reason = Reason::slope;
}

void Search::judge(const Standard& standard) {
  // No way between steps, pieces and closer looks goes on for ever.
  constexpr int most_turns = 64;
  if (++turns_ > most_turns) return end_open();
  if (piece_) return judge_piece(standard);
  const Slope slope = slopes_.back();
  if (!slope.finite) return leave_domain(slope, standard);
  moved_ = moved_ || !slope.flat;
  if (slope.flat && std::isfinite(analytic_)) return judge_flat(slope, standard);
  judge_finite(slope, standard);
}

void Search::judge_finite(const Slope& slope, const Standard& standard) {
  const Bars bar = bars(slope, standard);
  if (!std::isfinite(analytic_)) {
    if (unsettled(slope, bar)) return come_closer(slope, standard);
    if (diverges(standard)) return look_beyond(slope, standard);
    return settle(Verdict::fail, slope, bar.cautious);
  }
  if (looks_ > 0 && diverges(standard)) return leave_open(standard);
  if (const auto agreed = agreement(slope, standard)) {
    if (!bends_at_x(slope, bar)) return settle(Verdict::pass, slope, *agreed);
    // Half way between the slopes of a corner, which may be a cusp.
    if (unsettled(slope, bar)) return come_closer(slope, standard);
    if (diverges(standard)) return leave_open(standard);
    return begin_piece(standard);
  }
  if (!excludes(slope, bar, standard)) return choose_step(slope, bar, standard);
  judge_wrong(slope, bar, standard);
}

/// J's slope at this step excludes the analytic value.
void Search::judge_wrong(const Slope& slope, const Bars& bar, const Standard& standard) {
  if (unsettled(slope, bar)) return come_closer(slope, standard);
  if (diverges(standard)) return look_beyond(slope, standard);
  const bool near =
      contradiction_ && std::min(slope.step, contradiction_->slope.step) <= start_.widest();
  if (near && law::confirms(claim(standard), bar, contradiction_->bars)) {
    // The one that knows the derivative better is reported.
    const bool finer = bar.cautious < contradiction_->bars.cautious;
    return settle(Verdict::fail, finer ? slope : contradiction_->slope,
                  std::min(bar.cautious, contradiction_->bars.cautious));
  }
  seek_confirmation(slope, bar, standard);
}

std::optional<double> Search::agreement(const Slope& slope, const Standard& standard) const {
  const Claim held = claim(standard);
  // Roundings are parts of what is rounded: they may grow with J on the way to a wide step.
  const bool wide = slope.step > start_.widest() && standard.cost_size > 0.0;
  const double growth = wide ? std::max(1.0, slope.magnitude / standard.cost_size) : 1.0;
  // Products with x are rounded only if J makes any: without that noise the bar may be smaller than
  // with it, and agreement within either is agreement.
  const double plain = growth * noise_of(slope, standard);
  for (const double noise : {plain, std::max(plain, standard.rounding_noise)}) {
    const Bars bar = bars(slope, standard, noise);
    if (law::agrees(held, bar, standard.comfort)) return bar.likely;
  }
  // Of a claim that is next to nothing, quanta that hid it would hide nothing.
  if (slope.flat) {
    const Bars bar =
        bars(slope, standard, std::max(standard.noise, unit_roundoff * slope.magnitude));
    if (law::leaves_crumbs_of_zero(held, bar)) return bar.likely;
  }
  return std::nullopt;
}

bool Search::excludes(const Slope& slope, const Bars& bar, const Standard& standard) const {
  if (!law::excludes(claim(standard), bar)) return false;
  const double error = std::abs(analytic_ - slope.value);
  // Several corners within a wide step can conspire. A smaller step that contradicts this slope,
  // or that allows the analytic value more tightly, knows better.
  return std::ranges::none_of(slopes_, [&](const Slope& other) {
    if (!other.finite || other.flat || other.step >= slope.step) return false;
    const double finer = bars(other, standard).cautious;
    return std::abs(other.value - slope.value) > finer + bar.cautious ||
           (std::abs(analytic_ - other.value) <= finer && finer < error);
  });
}

/// Two of the slopes that were measured accuse, by what is known of the noise in the end.
bool Search::accuse_together(const Standard& standard) {
  const Claim held = claim(standard);
  for (const Slope& near : slopes_) {
    if (!near.finite || near.flat || near.step > start_.widest()) continue;
    const Bars bar = bars(near, standard);
    if (!excludes(near, bar, standard)) continue;
    for (const Slope& far : slopes_) {
      if (!far.finite || far.flat || far.step < narrowest * near.step) continue;
      const Bars other = bars(far, standard);
      if (!excludes(far, other, standard) || !law::confirms(held, bar, other)) continue;
      const bool finer = bar.cautious < other.cautious;
      settle(Verdict::fail, finer ? near : far, std::min(bar.cautious, other.cautious));
      return true;
    }
  }
  return false;
}

}  // namespace dtheta::gradcheck::detail
