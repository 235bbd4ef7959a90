#include "gradcheck/judge/second_opinion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <string>

#include "gradcheck/judge/oracle_judge.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double doubtful_z = 128.0;  // an accusation by less than this is looked at again

bool in_doubt(const Finding& finding, double analytic) {
  if (!(finding.step > 0.0) || !std::isfinite(analytic)) return false;  // not reached, or hopeless
  if (finding.reason == Reason::corner || finding.verdict == Verdict::inconclusive) return true;
  return finding.verdict == Verdict::fail &&
         !(std::abs(analytic - finding.numeric) > doubtful_z * finding.bar);
}

class Opinions {
 public:
  Opinions(Result& result, const Request& request, Findings& findings)
      : result_(result), request_(request), options_(request.options), findings_(findings) {
    for (const Oracle& oracle : options_.oracles) uses_.push_back({oracle.name, 0, 0});
    for (const Block& block : request.blocks) total_ += block.size;
  }

  void run() {
    const double whole = largest_finite(request_.analytic);
    scales_ = BlockScales::of_blocks(request_.theta, request_.blocks, request_.analytic,
                                     options_.gradient_roundoff);
    std::vector<Doubt> doubts;
    measure_rounding();
    judge_.emplace(request_, findings_.noise, [this](Doubt& doubt) { find_corner(doubt); });
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
  /// How far the gradient is off by its own arithmetic, if anybody knows and it matters.
  void measure_rounding() {
    const auto matters = [&](std::size_t i) {
      return findings_.entries[i].verdict == Verdict::fail ||
             in_doubt(findings_.entries[i], request_.analytic[i]);
    };
    rounding_.assign(findings_.entries.size(), 0.0);
    bool any = false;
    for (std::size_t i = 0; i < rounding_.size() && !any; ++i) any = matters(i);
    if (!any) return;
    if (options_.gradient_rounding) {
      std::vector<double> lost;
      ask("the rounding of the gradient", [&] { lost = options_.gradient_rounding(); });
      if (lost.size() == rounding_.size()) rounding_ = std::move(lost);
    }
    for (double& lost : rounding_) {
      if (!std::isfinite(lost)) lost = 0.0;
    }
    double noise = 0.0;
    if (options_.cost_rounding) {
      ask("the rounding of J", [&] { noise = options_.cost_rounding(); });
    }
    acquit(noise > findings_.noise ? noise : 0.0);
    findings_.noise = std::max(findings_.noise, noise);
  }

  /// Takes back accusations that a noise of J which had not been seen explains, or rounding of the
  /// gradient.
  void acquit(double noise) {
    constexpr double stencil = 12.0;  // margin and gain of a slope's noise
    for (std::size_t i = 0; i < rounding_.size(); ++i) {
      Finding& finding = findings_.entries[i];
      if (finding.verdict != Verdict::fail || !std::isfinite(request_.analytic[i])) continue;
      const double hidden = noise > 0.0 ? stencil * noise / finding.step : 0.0;
      if (!is_rounding(i) && !(error_of(i) <= doubtful_z * hidden)) continue;
      finding.verdict = Verdict::inconclusive;
      finding.bar = std::max(finding.bar + hidden, 1.5 * error_of(i));
    }
  }

  double error_of(std::size_t i) const {
    return std::abs(request_.analytic[i] - findings_.entries[i].numeric);
  }

  /// Whether an entry differs from what was measured sharply by what its own arithmetic lost.
  bool is_rounding(std::size_t i) const {
    const Finding& finding = findings_.entries[i];
    return finding.reason != Reason::corner && rounding_[i] > 0.0 && finding.bar <= rounding_[i] &&
           error_of(i) <= rounding_room * rounding_[i] + finding.bar;
  }

  /// Somebody's answer. Who throws has none, and is not asked again: false.
  template <class Question>
  bool ask(const std::string& whom, Question question) {
    if (silent_.contains(whom)) return false;
    try {
      question();
      return true;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& e) {
      silent_[whom] = e.what();
      return false;
    }
  }

  /// A derivative by which J changes less than by its own roundings when the entry is moved by its
  /// own size, or that is a rounding of the largest derivative.
  double crumb(const Doubt& doubt, double whole) const {
    const double u = options_.gradient_roundoff;
    const double noise = std::max(findings_.noise, unit_roundoff * std::abs(request_.cost));
    const double coarseness = std::max(1.0, u / unit_roundoff);  // of the gradient's arithmetic
    const double size = std::max(std::abs(doubt.x), doubt.length);
    return rounding_margin * std::max(u * whole, noise * coarseness / size);
  }

  /// What the arithmetic of the gradient rounds away somewhere, as far as that is known.
  double least_seen(const Doubt& doubt, double whole) const {
    const double lost = rounding_.empty() ? 0.0 : std::ranges::max(rounding_);
    if (lost > 0.0) return lost;
    return whole > 0.0 ? options_.gradient_roundoff * whole : doubt.crumb;
  }

  /// The doubts of a block that an answer could do something about.
  void gather(std::size_t b, double whole, std::vector<Doubt>& doubts) const {
    const Block& block = request_.blocks[b];
    const BlockScales& scales = scales_[b];
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
      Doubt doubt{b, i, request_.theta.values()[i], analytic, scales.length(i), scales.of(i)};
      doubt.reach = std::max(std::abs(analytic), doubt.scales.reference);
      if (doubt.reach == 0.0 && std::isfinite(finding.numeric)) {
        doubt.reach = std::abs(finding.numeric);
      }
      doubt.rounding = rounding_[i];
      doubt.crumb = crumb(doubt, whole);
      doubt.negligible = options_.held_to() * least_seen(doubt, whole);
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
    // What rounding left of a zero only the widest scalar can tell from one.
    const bool rounding =
        doubt.rounding > 0.0 && std::abs(doubt.analytic) <= rounding_room * doubt.rounding;
    if (!rounding && ++asked_ <= explained) find_corner(doubt);
    std::optional<std::size_t> by;
    for (std::size_t o = 0; o < options_.oracles.size(); ++o) {
      if (is_idle(o) || (by && !wider(o, *by)) || (rounding && !widest(o))) continue;
      std::optional<Finding> settled;
      ask(options_.oracles[o].name,
          [&] { settled = judge_->judge(options_.oracles[o], doubt, uses_[o].evaluations); });
      if (!settled) continue;
      finding = *settled;
      by = o;
      if (finding.verdict == Verdict::pass) break;
      // Digits may be lost in this scalar too: what is no pass a wider one must have seen.
    }
    if (!by) return;
    ++uses_[*by].settled;
    if (finding.verdict == Verdict::fail) ++confirmed_[doubt.block];
  }

  bool widest(std::size_t o) const {
    return std::ranges::none_of(options_.oracles, [&](const Oracle& other) {
      return other.roundoff < options_.oracles[o].roundoff;
    });
  }

  /// Whether an oracle computes in a wider scalar than another one.
  bool wider(std::size_t o, std::size_t than) const {
    return options_.oracles[o].roundoff < options_.oracles[than].roundoff;
  }

  void find_corner(Doubt& doubt) {
    if (!options_.corner || doubt.looked) return;
    constexpr double stencil_reach = 4.0;
    doubt.looked = true;
    ask("the search for corners", [&] {
      doubt.corner =
          options_.corner(doubt.entry, stencil_reach * findings_.entries[doubt.entry].step);
    });
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
    for (const auto& [whom, why] : silent_) {
      result_.notes.push_back(fmt::format("{} could not be asked: {}", whom, why));
    }
    name_lost_digits();
    for (const auto& [what, seen] : corners_) {
      const std::string at =
          seen.move == 0.0 ? "at theta itself" : fmt::format("at a move of {:.2g}", seen.move);
      result_.notes.push_back(
          fmt::format("{} changes its branch within the stencil of {} entries (first {}, {}): J "
                      "has a corner there",
                      what, seen.entries, to_string(request_.theta.key(seen.first)), at));
    }
  }

  /// Open entries whose rule is right.
  void name_lost_digits() {
    std::vector<std::size_t> lost;
    for (std::size_t i = 0; i < rounding_.size(); ++i) {
      const Finding& finding = findings_.entries[i];
      if (finding.verdict != Verdict::inconclusive || finding.reason == Reason::corner ||
          rounding_[i] == 0.0)
        continue;
      if (error_of(i) <= 2.0 * rounding_[i]) lost.push_back(i);
    }
    if (lost.empty()) return;
    result_.notes.push_back(fmt::format(
        "the rule behind {} entries of the gradient is right, but its arithmetic loses their "
        "digits (first {}: off by {:.2g}, as the same computation in a wider scalar shows): large "
        "terms cancel on the way",
        lost.size(), to_string(request_.theta.key(lost.front())), rounding_[lost.front()]));
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
  std::vector<BlockScales> scales_;  // of the request's blocks
  std::optional<OracleJudge> judge_;
  std::vector<OracleUse> uses_;
  std::map<std::string, Seen> corners_;
  std::vector<double> rounding_;               // of each entry of the gradient, or none
  std::map<std::string, std::string> silent_;  // who threw, and what
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
