#include "gradcheck/second_opinion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string>

#include "gradcheck/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double noise_margin = 6.0;      // bars hold this many standard deviations of noise
constexpr double rounding_margin = 32.0;  // of the analytic side, in units of its roundoff
// Sums of |weights|: of the two-sided slope, and of the difference of the one-sided ones.
constexpr double noise_gain = 1.84;
constexpr double jump_gain = 13.4;
constexpr double noise_share = 1.0 / 8.0;  // of the error asked for, that noise may use up
constexpr double doubtful_z = 128.0;       // an accusation by less than this is looked at again
constexpr double insignificant = 0.1;  // parts of the tolerance of the block's largest derivative
constexpr double clear = 8.0;          // bars between a gradient and what accuses it
constexpr double widest_part = 0.05;   // of the size of θ: the largest step
constexpr double corner_room = 8.0;    // steps to a known corner; the stencil uses three

bool in_doubt(const Finding& finding, double analytic) {
  if (!(finding.step > 0.0) || !std::isfinite(analytic)) return false;  // not reached, or hopeless
  if (finding.kink || finding.verdict == Verdict::inconclusive) return true;
  return finding.verdict == Verdict::fail &&
         !(std::abs(analytic - finding.numeric) > doubtful_z * finding.bar);
}

/// One entry, and what its derivative is judged by.
struct Doubt {
  std::size_t block = 0;  // among those to check
  std::size_t entry = 0;
  double x = 0.0;
  double analytic = 0.0;
  double length = 0.0;  // scale of the block's entries
  double scale = 0.0;   // scale of the block's derivatives
  double reach = 0.0;   // size of this derivative, at least the block's
  std::optional<Corner> corner{};
  bool looked = false;  // for a corner
};

/// A wide slope with its bars.
struct Measured {
  WideSlope slope;
  double step = 0.0;
  double bar = 0.0;
  bool corner = false;  // the slopes of the two sides differ visibly
};

class Opinions {
 public:
  Opinions(Result& result, const Request& request, Findings& findings)
      : result_(result), request_(request), options_(request.options), findings_(findings) {
    for (const Oracle& oracle : options_.oracles) uses_.push_back({oracle.name, 0, 0});
    for (const Block& block : request.blocks) total_ += block.size;
  }

  void run() {
    const double whole = largest_finite(request_.analytic);
    std::vector<Doubt> doubts;
    for (std::size_t b = 0; b < request_.blocks.size(); ++b) gather(b, whole, doubts);
    doubts_ = doubts.size();
    confirmed_.assign(request_.blocks.size(), 0);
    // Where not all can be settled, a few of them all over θ say what is to be expected.
    constexpr std::size_t fewer = 8;
    const bool all = doubts.size() <= options_.most_opinions;
    const std::size_t asked = all ? doubts.size() : (options_.most_opinions + fewer - 1) / fewer;
    for (std::size_t k = 0; k < asked && !stopped_; ++k) {
      look_at(doubts[all ? k : k * doubts.size() / asked]);
    }
    findings_.complete = findings_.complete && !stopped_;
    say();
  }

 private:
  /// The doubts of a block that an answer could do something about.
  void gather(std::size_t b, double whole, std::vector<Doubt>& doubts) const {
    const Block& block = request_.blocks[b];
    double scale = largest_finite(request_.analytic.subspan(block.offset, block.size));
    // A gradient of pure rounding claims to be zero: it is measured against the whole.
    if (scale <= 64.0 * options_.gradient_roundoff * whole) scale = whole;
    const double length = scale_of(request_.theta, block);
    // A gradient whose own roundings exceed the tolerance can be accused, but by nobody confirmed.
    const bool hopeless = rounding_margin * options_.gradient_roundoff > options_.held_to();
    const std::size_t end = block.offset + block.size;
    bool accused = false;  // beyond doubt; then it does not matter what else is
    for (std::size_t i = block.offset; i < end; ++i) {
      const Finding& finding = findings_.entries[i];
      accused |= finding.verdict == Verdict::fail && !in_doubt(finding, request_.analytic[i]);
    }
    for (std::size_t i = block.offset; i < end; ++i) {
      const Finding& finding = findings_.entries[i];
      const double analytic = request_.analytic[i];
      if (!in_doubt(finding, analytic)) continue;
      if (hopeless && finding.verdict == Verdict::inconclusive) continue;
      if (accused && finding.verdict == Verdict::fail) continue;
      Doubt doubt{b, i, request_.theta.values()[i], analytic, length, scale};
      doubt.reach = std::max(std::abs(analytic), scale);
      if (doubt.reach == 0.0 && std::isfinite(finding.numeric)) {
        doubt.reach = std::abs(finding.numeric);
      }
      doubts.push_back(doubt);
    }
  }

  void look_at(Doubt& doubt) {
    Finding& finding = findings_.entries[doubt.entry];
    constexpr std::size_t enough = 4;  // accusations of a block that were confirmed
    if (finding.verdict == Verdict::fail && confirmed_[doubt.block] >= enough) return;
    stopped_ = !request_.proceed(total_);
    if (stopped_) return;
    constexpr std::size_t explained = 32;  // corners that are looked for without need
    if (++asked_ <= explained) find_corner(doubt);
    for (std::size_t o = 0; o < options_.oracles.size(); ++o) {
      if (is_idle(o)) continue;
      const auto settled = judge(o, doubt);
      if (!settled) continue;
      finding = *settled;
      ++uses_[o].settled;
      if (finding.verdict == Verdict::fail) ++confirmed_[doubt.block];
      return;
    }
  }

  void find_corner(Doubt& doubt) {
    if (!options_.corner || doubt.looked) return;
    constexpr double stencil_reach = 4.0;
    doubt.looked = true;
    doubt.corner =
        options_.corner(doubt.entry, stencil_reach * findings_.entries[doubt.entry].step);
    if (doubt.corner) remember(*doubt.corner, doubt.entry);
  }

  /// Whether one has been asked often enough to no avail, where a wider one had an answer.
  bool is_idle(std::size_t o) const {
    constexpr std::size_t patience = 16;
    const bool in_vain =
        uses_[o].settled == 0 && uses_[o].evaluations > patience * options_.oracles[o].price;
    return in_vain && std::any_of(uses_.begin() + static_cast<std::ptrdiff_t>(o), uses_.end(),
                                  [](const OracleUse& use) { return use.settled > 0; });
  }

  std::optional<Finding> judge(std::size_t o, Doubt& doubt) {
    if (options_.oracles[o].stepless) return judge_stepless(o, doubt);
    const double step = step_for(options_.oracles[o], doubt);
    if (step == 0.0) return {};
    const Measured near = measure(o, doubt, step);
    if (!std::isfinite(near.bar)) return {};
    if (near.corner) return judge_corner(o, doubt, near);
    if (agrees(near.slope.value, near.bar, doubt)) return settle(Verdict::pass, near);
    if (!excludes(near.slope.value, near.bar, doubt)) return {};
    // Another step must say the same.
    const Measured far = measure(o, doubt, 4.0 * step);
    const bool same = std::abs(far.slope.value - near.slope.value) <= far.bar + near.bar;
    if (!same || !excludes(far.slope.value, far.bar, doubt)) return {};
    return settle(Verdict::fail, near);
  }

  /// Im J / h has the relative error of J itself, like the gradient under test.
  std::optional<Finding> judge_stepless(std::size_t o, const Doubt& doubt) {
    if (doubt.corner && doubt.corner->move == 0.0) return {};
    Measured only;
    only.slope = ask(o, doubt, complex_step);
    only.step = complex_step;
    only.bar = rounding_margin * options_.oracles[o].roundoff *
                   std::max(doubt.reach, std::abs(only.slope.value)) +
               rounding(doubt);
    if (!std::isfinite(only.slope.value)) return {};
    if (agrees(only.slope.value, only.bar, doubt)) return settle(Verdict::pass, only);
    if (excludes(only.slope.value, only.bar, doubt)) return settle(Verdict::fail, only);
    return {};
  }

  /// The smallest step at which noise stays a small part of the error that must be seen: so the
  /// truncation is the least possible, and the fewest corners are near. 0 if there is none.
  double step_for(const Oracle& oracle, const Doubt& doubt) const {
    const double noise = noise_of(oracle, std::abs(request_.cost));
    const double asked = options_.held_to() * doubt.reach;
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
  double noise_of(const Oracle& oracle, double magnitude) const {
    return std::max(findings_.noise / unit_roundoff, magnitude) * oracle.roundoff;
  }

  double rounding(const Doubt& doubt) const {
    return rounding_margin * options_.gradient_roundoff * doubt.reach;
  }

  WideSlope ask(std::size_t o, const Doubt& doubt, double step) {
    uses_[o].evaluations += options_.oracles[o].price;
    return options_.oracles[o].slope(doubt.entry, step);
  }

  Measured measure(std::size_t o, const Doubt& doubt, double step) {
    Measured m;
    m.slope = ask(o, doubt, step);
    m.step = step;
    const double noise = noise_margin * noise_of(options_.oracles[o], m.slope.magnitude) / step;
    const double jump = std::abs(m.slope.above - m.slope.below);
    const double bent = 2.0 * m.slope.bend + jump_gain * noise;
    m.corner = jump > 4.0 * bent && jump > rounding(doubt) + options_.held_to() * doubt.reach;
    // A corner anywhere within the stencil shows in the spread or in the jump.
    m.bar = m.corner ? bent
                     : 2.0 * m.slope.spread + std::max(0.0, jump - jump_gain * noise) +
                           noise_gain * noise;
    m.bar += rounding(doubt);
    return m;
  }

  bool agrees(double value, double bar, const Doubt& doubt) const {
    const double error = std::abs(doubt.analytic - value);
    const double own = std::max(std::abs(doubt.analytic), std::abs(value));
    return (error <= bar && bar <= options_.held_to() * std::max(own, doubt.reach)) ||
           error + bar <= options_.held_to() * std::max(own, insignificant * doubt.scale);
  }

  bool excludes(double value, double bar, const Doubt& doubt) const {
    const double error = std::abs(doubt.analytic - value);
    const double own = std::max(std::abs(doubt.analytic), std::abs(value));
    return error > clear * bar &&
           error > options_.held_to() * std::max(own, insignificant * doubt.scale);
  }

  /// θ on a corner: any value between the slopes is right.
  std::optional<Finding> judge_corner(std::size_t o, Doubt& doubt, const Measured& near) {
    find_corner(doubt);
    const Measured far = measure(o, doubt, 4.0 * near.step);
    const double apart = std::max(std::abs(far.slope.below - near.slope.below),
                                  std::abs(far.slope.above - near.slope.above));
    if (!far.corner || apart > near.bar + far.bar) return {};
    const auto [low, high] = std::minmax(near.slope.below, near.slope.above);
    const double outside = std::max(low - doubt.analytic, doubt.analytic - high);
    const double allowed = options_.held_to() * std::max(std::abs(low), std::abs(high));
    if (outside > std::max(near.bar, allowed) && outside <= clear * near.bar) return {};
    const bool mixed = doubt.corner && doubt.corner->mixed;
    const Verdict verdict = outside <= std::max(near.bar, allowed) ? Verdict::pass
                            : mixed                                ? Verdict::inconclusive
                                                                   : Verdict::fail;
    Finding finding = settle(verdict, near);
    finding.numeric = std::midpoint(low, high);
    finding.bar = near.bar + 0.5 * (high - low);
    // What was not accused would not have been seen.
    if (verdict == Verdict::inconclusive) finding.bar += 1.5 * outside;
    finding.kink = true;
    return finding;
  }

  static Finding settle(Verdict verdict, const Measured& m) {
    return {m.slope.value, m.bar, m.step, m.step, verdict, false, false};
  }

  void remember(const Corner& corner, std::size_t entry) {
    auto& seen = corners_[corner.what];
    if (seen.entries++ == 0) {
      seen.first = entry;
      seen.move = corner.move;
    }
  }

  void say() {
    result_.oracles = uses_;
    if (doubts_ == 0) return;
    std::vector<std::string> parts;
    std::size_t settled = 0;
    for (const OracleUse& use : uses_) {
      settled += use.settled;
      if (use.settled > 0) parts.push_back(fmt::format("{} by {}", use.settled, use.name));
    }
    if (!uses_.empty()) {
      result_.notes.push_back(fmt::format(
          "{} entries were in doubt in double: {}{}{} left as they were", doubts_,
          fmt::join(parts, ", "), parts.empty() ? "" : " settled, ", doubts_ - settled));
    }
    for (const auto& [what, seen] : corners_) {
      const std::string at =
          seen.move == 0.0 ? "at theta itself" : fmt::format("at a move of {:.2g}", seen.move);
      result_.notes.push_back(
          fmt::format("{} changes its branch within the stencil of {} entries (first {}, {}): J "
                      "has a corner there",
                      what, seen.entries, to_string(request_.theta.key(seen.first)), at));
    }
  }

  struct Seen {
    std::size_t entries = 0;
    std::size_t first = 0;
    double move = 0.0;
  };

  Result& result_;
  const Request& request_;
  const Options& options_;
  Findings& findings_;
  std::vector<OracleUse> uses_;
  std::map<std::string, Seen> corners_;
  std::size_t doubts_ = 0;
  std::size_t total_ = 0;  // entries of the blocks under check
  std::size_t asked_ = 0;
  std::vector<std::size_t> confirmed_;  // accusations of each block
  bool stopped_ = false;
};

}  // namespace

void seek_second_opinions(Result& result, const Request& request, Findings& findings) {
  if (request.options.oracles.empty() && !request.options.corner) return;
  Opinions(result, request, findings).run();
}

}  // namespace dtheta::gradcheck::detail
