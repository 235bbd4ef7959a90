#include "gradcheck/judge/second_opinion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "gradcheck/judge/oracle_judge.hpp"
#include "gradcheck/judge/scales.hpp"

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
      : result_(result),
        request_(request),
        options_(request.options),
        findings_(findings),
        judge_(request, findings.noise, [this](Doubt& doubt) { find_corner(doubt); }) {
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
    const BlockScales scales(request_.theta, block, request_.analytic, whole,
                             options_.gradient_roundoff);
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
      const auto settled = judge_.judge(options_.oracles[o], doubt, uses_[o].evaluations);
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
  OracleJudge judge_;
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
