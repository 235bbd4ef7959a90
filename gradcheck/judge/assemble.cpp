#include "gradcheck/judge/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "gradcheck/badness.hpp"
#include "gradcheck/judge/blind_spots.hpp"
#include "gradcheck/judge/selection.hpp"

namespace dtheta::gradcheck::detail {
namespace {

Verdict verdict_of(Band band) {
  if (band == Band::excellent) return Verdict::pass;
  return band == Band::double_check ? Verdict::inconclusive : Verdict::fail;
}

class Assembly {
 public:
  Assembly(Result& result, const Request& request, const Findings& findings)
      : result_(result), request_(request), findings_(findings) {}

  void run() {
    result_.noise = findings_.noise;
    result_.complete = findings_.complete;
    result_.numeric.reserve(findings_.entries.size());
    result_.bar.reserve(findings_.entries.size());
    for (const Finding& finding : findings_.entries) {
      result_.numeric.push_back(finding.numeric);
      result_.bar.push_back(finding.bar);
    }
    result_.blocks.reserve(request_.blocks.size());
    for (const Block& block : request_.blocks) {
      whole_ = std::max(whole_, largest_derivative(block.offset, block.size));
    }
    for (const Block& block : request_.blocks) result_.blocks.push_back(summarise(block));
    compare_whole();
    decide();
  }

 private:
  bool textbook() const { return result_.method == Method::textbook; }

  /// Entries that a stopped check did not reach.
  static bool reached(const Finding& finding) { return finding.step > 0.0; }

  Component component(std::size_t i) const {
    const Finding& found = findings_.entries[i];
    Component c;
    c.position = i;
    c.key = request_.theta.key(i);
    c.analytic = result_.analytic[i];
    c.numeric = found.numeric;
    c.bar = found.bar;
    c.step = found.step;
    c.corner = found.reason == Reason::corner;
    c.verdict = found.verdict;
    return c;
  }

  /// Open for a reason that a corner can be, where one is known to be.
  bool is_excused(std::size_t i) const {
    return may_be_corner(findings_.entries[i]) && holds(request_.known_corners, i);
  }

  double error_of(std::size_t i) const {
    return std::abs(result_.analytic[i] - findings_.entries[i].numeric);
  }

  /// How wrong this entry may be without having been seen: the right value is within the bar of the
  /// numeric one, and an analytic value within the bar of it is not accused.
  double floor_of(std::size_t i) const {
    const Finding& found = findings_.entries[i];
    if (textbook()) return found.bar;
    return found.verdict == Verdict::pass ? error_of(i) + found.bar : 2.0 * found.bar;
  }

  double largest_derivative(std::size_t first, std::size_t count) const {
    double largest = 0.0;
    for (std::size_t i = first; i < first + count; ++i) {
      // Where the two agree the numeric one is at most noisier; where nothing is known it may be
      // anything.
      const bool better = textbook() || findings_.entries[i].verdict == Verdict::fail;
      const double numeric = better ? findings_.entries[i].numeric : 0.0;
      for (const double v : {result_.analytic[i], numeric}) {
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
      }
    }
    return largest;
  }

  /// `floor`: of the block's entries, the largest.
  double detectable(double floor, double largest) const {
    const double reference = largest > 0.0 || textbook() ? largest : whole_;
    if (reference == 0.0) return std::numeric_limits<double>::infinity();
    return textbook() ? floor / reference : std::max(floor / reference, request_.options.held_to());
  }

  /// NaN on either side of the difference is a failure; a corner is judged by its two slopes, so
  /// there the analytic value stands for both sides.
  void append_pair(std::size_t i) {
    const Finding& found = findings_.entries[i];
    if (!reached(found)) return;
    const bool excused = found.reason == Reason::corner && found.verdict == Verdict::pass;
    analytic_.push_back(result_.analytic[i]);
    numeric_.push_back(excused ? result_.analytic[i] : found.numeric);
  }

  Difference difference_of_pairs() {
    const Difference difference = relative_difference(analytic_, numeric_);
    analytic_.clear();
    numeric_.clear();
    return difference;
  }

  BlockResult summarise(const Block& block) {
    BlockResult summary;
    summary.name = block.name;
    summary.layer = block.layer;
    summary.shape = block.shape;
    summary.offset = block.offset;
    summary.size = block.size;
    double floor = 0.0;
    summary.sensitive = false;
    bool measured = true;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const Finding& found = findings_.entries[i];
      append_pair(i);
      if (found.verdict == Verdict::fail) ++summary.failed;
      const bool excused = is_excused(i);
      if (excused) ++summary.excused;
      if (found.verdict == Verdict::inconclusive && !excused) ++summary.inconclusive;
      const bool corner = found.reason == Reason::corner;
      if (corner) ++summary.corners;
      if (!corner && !excused) floor = std::max(floor, floor_of(i));
      if (corner || std::abs(found.numeric) > found.bar) summary.sensitive = true;
      measured = measured && std::isfinite(found.numeric);
    }
    summary.sensitive = summary.sensitive || !measured;  // what was not measured is not accused
    summary.difference = difference_of_pairs();
    summary.band = band(summary.difference);
    summary.detectable = detectable(floor, largest_derivative(block.offset, block.size));
    summary.verdict = verdict(summary);
    keep_worst(summary);
    return summary;
  }

  void keep_worst(BlockResult& summary) {
    ranks_.clear();
    for (std::size_t i = summary.offset; i < summary.offset + summary.size; ++i) {
      const Finding& found = findings_.entries[i];
      if (reached(found) || findings_.complete) {
        ranks_.push_back({found.verdict, result_.analytic[i], found.numeric, i});
      }
    }
    const std::size_t kept = std::min(request_.options.worst_entries, ranks_.size());
    std::partial_sort(ranks_.begin(), ranks_.begin() + static_cast<std::ptrdiff_t>(kept),
                      ranks_.end());
    summary.worst.reserve(kept);
    for (std::size_t k = 0; k < kept; ++k) {
      Component& c = summary.worst.emplace_back(component(ranks_[k].position));
      if (accuses(summary, c)) c.replay = replay_of(c);
    }
  }

  /// The textbook accuses whole blocks: there every entry that is off is a witness.
  bool accuses(const BlockResult& block, const Component& c) const {
    if (!reached(findings_.entries[c.position])) return false;
    if (textbook()) return block.verdict == Verdict::fail && c.error() != 0.0;
    return c.verdict == Verdict::fail;
  }

  std::string replay_of(const Component& c) const {
    const auto& replay = request_.options.replay;
    return replay ? replay(c) : replay_call(c);
  }

  Verdict verdict(const BlockResult& block) const {
    if (textbook()) return verdict_of(block.band);
    if (block.failed > 0) return Verdict::fail;
    return block.inconclusive > 0 ? Verdict::inconclusive : Verdict::pass;
  }

  void compare_whole() {
    for (const Block& block : request_.blocks) {
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) append_pair(i);
    }
    result_.difference = difference_of_pairs();
    // At a corner J moves, though there the analytic value stands for both sides.
    const bool corner = std::ranges::any_of(
        findings_.entries, [](const Finding& found) { return found.reason == Reason::corner; });
    result_.difference.exercised = result_.difference.exercised || corner;
    result_.band = band(result_.difference);
  }

  void decide() {
    result_.verdict = textbook() ? verdict_of(result_.band) : worst_block();
    const auto doubt = [&](std::string why) {
      result_.notes.push_back(std::move(why));
      if (result_.verdict == Verdict::pass) result_.verdict = Verdict::inconclusive;
    };
    const bool measured = std::ranges::any_of(findings_.entries, reached);
    if (measured && !result_.difference.exercised) {
      doubt("nothing was exercised: both gradients are zero everywhere, so every bug is hidden");
    }
    if (!measured) doubt("no derivative was measured");
    if (!result_.deterministic) {
      doubt(
          "J is not deterministic: the same theta gave different bits (live dropout, unseeded "
          "randomness, running statistics or a race); freeze it, then check again");
    }
    if (!result_.complete) doubt(std::string(stopped_note));
    name_blind_spots(result_, request_.theta, findings_.entries);
    name_excused();
  }

  void name_excused() {
    std::size_t excused = 0;
    for (const BlockResult& block : result_.blocks) excused += block.excused;
    if (excused == 0) return;
    result_.notes.push_back(excused_note(excused, "gradient"));
  }

  Verdict worst_block() const {
    Verdict verdict = Verdict::pass;
    for (const BlockResult& block : result_.blocks) {
      if (block.verdict == Verdict::fail) return Verdict::fail;
      if (block.verdict == Verdict::inconclusive) verdict = Verdict::inconclusive;
    }
    return verdict;
  }

  Result& result_;
  const Request& request_;
  const Findings& findings_;
  double whole_ = 0.0;  // the largest derivative of all blocks
  // Of one block at a time.
  std::vector<double> analytic_, numeric_;
  std::vector<Badness> ranks_;
};

}  // namespace

void assemble(Result& result, const Request& request, const Findings* findings) {
  if (findings != nullptr) {
    Assembly(result, request, *findings).run();
  } else {
    Findings none;
    none.entries.assign(request.theta.size(), Finding{});
    Assembly(result, request, none).run();
  }
  if (std::isfinite(result.cost)) return;
  result.notes.push_back(fmt::format("J is {} at this theta", result.cost));
  result.verdict = Verdict::fail;
}

std::string excused_note(std::size_t excused, std::string_view subject) {
  const bool one = excused == 1;
  return fmt::format("{} {} left open and {} not held against the {}: {} named as known corners",
                     excused, one ? "entry was" : "entries were", one ? "is" : "are", subject,
                     one ? "it was" : "they were");
}

}  // namespace dtheta::gradcheck::detail
