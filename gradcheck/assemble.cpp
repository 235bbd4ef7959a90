#include "gradcheck/assemble.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck::detail {
namespace {

Verdict verdict_of(Band band) {
  if (band == Band::excellent) return Verdict::pass;
  return band == Band::double_check ? Verdict::inconclusive : Verdict::fail;
}

std::vector<std::size_t> worst_positions(const std::vector<Component>& components,
                                         std::size_t keep) {
  std::vector<std::size_t> order(components.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto kept = order.begin() + static_cast<std::ptrdiff_t>(std::min(keep, order.size()));
  std::ranges::partial_sort(order, kept, [&](std::size_t a, std::size_t b) {
    return worse(components[a], components[b]);
  });
  order.erase(kept, order.end());
  return order;
}

class Assembly {
 public:
  Assembly(Result& result, const Request& request, const Findings& findings)
      : result_(result), request_(request), findings_(findings) {}

  void run() {
    result_.noise = findings_.noise;
    result_.complete = findings_.complete;
    for (const Finding& finding : findings_.entries) {
      result_.numeric.push_back(finding.numeric);
      result_.bar.push_back(finding.bar);
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
    c.analytic = result_.analytic[i];
    c.numeric = found.numeric;
    c.bar = found.bar;
    c.step = found.step;
    c.kink = found.kink;
    c.verdict = found.verdict;
    return c;
  }

  /// The smallest error of this entry that would have been seen: it must leave the bar, and one
  /// within the tolerance is let pass.
  double floor_of(const Component& c) const {
    if (textbook()) return c.bar;
    const double size = std::max(std::abs(c.analytic), std::abs(c.numeric));
    const double allowed = request_.options.tolerance * size;
    return std::isfinite(allowed) ? std::max(c.bar, allowed) : c.bar;
  }

  /// NaN on either side of the difference is a failure; a corner is judged by its two slopes, so
  /// there the analytic value stands for both sides.
  void append_pair(std::size_t i, std::vector<double>& analytic,
                   std::vector<double>& numeric) const {
    const Finding& found = findings_.entries[i];
    if (!reached(found)) return;
    const bool excused = found.kink && found.verdict == Verdict::pass;
    analytic.push_back(result_.analytic[i]);
    numeric.push_back(excused ? result_.analytic[i] : found.numeric);
  }

  BlockResult summarise(const Block& block) const {
    BlockResult summary;
    summary.name = block.name;
    summary.layer = block.layer;
    summary.shape = block.shape;
    summary.offset = block.offset;
    summary.size = block.size;
    std::vector<Component> components;
    std::vector<double> analytic;
    std::vector<double> numeric;
    double bar = 0.0;
    double largest = 0.0;
    summary.sensitive = false;
    bool measured = true;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      append_pair(i, analytic, numeric);
      const Component c = component(i);
      if (reached(findings_.entries[i]) || findings_.complete) components.push_back(c);
      if (c.verdict == Verdict::fail) ++summary.failed;
      if (c.verdict == Verdict::inconclusive) ++summary.inconclusive;
      if (c.kink) ++summary.kinks;
      if (!c.kink) bar = std::max(bar, floor_of(c));
      if (std::abs(c.numeric) > c.bar) summary.sensitive = true;
      measured = measured && std::isfinite(c.numeric);
      for (const double v : {c.analytic, c.numeric}) {
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
      }
    }
    summary.sensitive = summary.sensitive || !measured;  // what was not measured is not accused
    summary.difference = relative_difference(analytic, numeric);
    summary.band = band(summary.difference);
    summary.detectable = largest > 0.0 ? bar / largest : std::numeric_limits<double>::infinity();
    summary.verdict = verdict(summary);
    for (const std::size_t w : worst_positions(components, request_.options.worst_entries)) {
      summary.worst.push_back(components[w]);
      Component& kept = summary.worst.back();
      kept.key = request_.theta.key(kept.position);
      if (accuses(summary, kept)) kept.replay = replay_of(kept);
    }
    return summary;
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
    std::vector<double> analytic;
    std::vector<double> numeric;
    for (const Block& block : request_.blocks) {
      for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
        append_pair(i, analytic, numeric);
      }
    }
    result_.difference = relative_difference(analytic, numeric);
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
    if (!result_.complete) doubt("the check was stopped before it had seen every entry");
    name_blind_spots();
  }

  Verdict worst_block() const {
    Verdict verdict = Verdict::pass;
    for (const BlockResult& block : result_.blocks) {
      if (block.verdict == Verdict::fail) return Verdict::fail;
      if (block.verdict == Verdict::inconclusive) verdict = Verdict::inconclusive;
    }
    return verdict;
  }

  void name_blind_spots() {
    std::vector<std::string_view> insensitive;
    std::size_t kinks = 0;
    for (const BlockResult& block : result_.blocks) {
      if (!block.sensitive) insensitive.emplace_back(block.name);
      kinks += block.kinks;
      const bool hidden = textbook() && block.band > result_.band && block.band >= Band::error;
      if (!hidden) continue;
      result_.notes.push_back(
          fmt::format("{} alone has difference {:.3g} ({}), hidden behind larger blocks",
                      block.name, block.difference.value, to_string(block.band)));
    }
    if (!insensitive.empty()) {
      result_.notes.push_back(
          fmt::format("J was not seen to depend on {}: this check could not have seen a bug there "
                      "that leaves the gradient near zero",
                      fmt::join(insensitive, ", ")));
    }
    if (kinks > 0) {
      result_.notes.push_back(fmt::format(
          "J has a corner at {} of the entries; there the gradient was held against the slopes on "
          "both sides, and any value between them is right",
          kinks));
    }
  }

  Result& result_;
  const Request& request_;
  const Findings& findings_;
};

}  // namespace

void assemble(Result& result, const Request& request, const Findings* findings) {
  if (findings != nullptr) {
    Assembly(result, request, *findings).run();
  } else {
    Findings none;
    none.entries.assign(request.theta.size(), Finding{});
    for (Finding& finding : none.entries) {
      finding.numeric = std::numeric_limits<double>::quiet_NaN();
      finding.bar = std::numeric_limits<double>::infinity();
    }
    Assembly(result, request, none).run();
  }
  if (std::isfinite(result.cost)) return;
  result.notes.push_back(fmt::format("J is {} at this theta", result.cost));
  result.verdict = Verdict::fail;
}

}  // namespace dtheta::gradcheck::detail
