#include "gradcheck/assemble.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
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
    c.analytic = result_.analytic[i];
    c.numeric = found.numeric;
    c.bar = found.bar;
    c.step = found.step;
    c.kink = found.kink;
    c.verdict = found.verdict;
    return c;
  }

  /// How wrong this entry may be without having been seen: the right value is within the bar of the
  /// numeric one, and an analytic value within the bar of it is not accused.
  double floor_of(const Component& c) const {
    if (textbook()) return c.bar;
    return c.verdict == Verdict::pass ? c.error() + c.bar : 2.0 * c.bar;
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
    double floor = 0.0;
    summary.sensitive = false;
    bool measured = true;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      append_pair(i, analytic, numeric);
      const Component c = component(i);
      if (reached(findings_.entries[i]) || findings_.complete) components.push_back(c);
      if (c.verdict == Verdict::fail) ++summary.failed;
      if (c.verdict == Verdict::inconclusive) ++summary.inconclusive;
      if (c.kink) ++summary.kinks;
      if (!c.kink) floor = std::max(floor, floor_of(c));
      if (c.kink || std::abs(c.numeric) > c.bar) summary.sensitive = true;
      measured = measured && std::isfinite(c.numeric);
    }
    summary.sensitive = summary.sensitive || !measured;  // what was not measured is not accused
    summary.difference = relative_difference(analytic, numeric);
    summary.band = band(summary.difference);
    summary.detectable = detectable(floor, largest_derivative(block.offset, block.size));
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
    std::size_t hidden_entries = 0;
    std::size_t entries = 0;
    for (const BlockResult& block : result_.blocks) {
      entries += block.size;
      if (!block.sensitive) {
        insensitive.emplace_back(block.name);
        hidden_entries += block.size;
      }
      const bool hidden = textbook() && block.band > result_.band && block.band >= Band::error;
      if (!hidden) continue;
      result_.notes.push_back(
          fmt::format("{} alone has difference {:.3g} ({}), hidden behind larger blocks",
                      block.name, block.difference.value, to_string(block.band)));
    }
    if (!insensitive.empty()) {
      result_.notes.push_back(fmt::format(
          "J was not seen to depend on {}: this check could not have seen a bug there "
          "that leaves the gradient near zero{}",
          fmt::join(insensitive, ", "),
          2 * hidden_entries > entries
              ? "; J may be a constant there, as a sum of softmax outputs is: check the "
                "cost that is trained with"
              : ""));
    }
    name_symmetry();
    name_corners();
  }

  /// Matrices of equal entries: the units behind them are alike, and so are their gradients.
  void name_symmetry() {
    std::vector<std::string_view> alike;
    for (const BlockResult& block : result_.blocks) {
      const auto values = request_.theta.values().subspan(block.offset, block.size);
      const auto wide = std::ranges::count_if(block.shape, [](std::size_t n) { return n > 1; });
      if (wide < 2 || std::ranges::adjacent_find(values, std::not_equal_to<>()) != values.end()) {
        continue;
      }
      alike.emplace_back(block.name);
    }
    if (alike.empty()) return;
    result_.notes.push_back(fmt::format(
        "all entries of {} are equal: this check could not have seen a bug in the order "
        "of the units there (a transpose, a permutation, the wrong layer's weights); "
        "check at random values",
        fmt::join(alike, ", ")));
  }

  void name_corners() {
    if (!result_.deterministic) return;  // what J does by itself looks like corners
    const auto count = [&](auto is) {
      return static_cast<std::size_t>(std::ranges::count_if(findings_.entries, is));
    };
    if (const auto kinks = count(&Finding::kink); kinks > 0) {
      result_.notes.push_back(fmt::format(
          "J has a corner at {} of the entries; there the gradient was held against the slopes on "
          "both sides, and any value between them is right",
          kinks));
    }
    if (const auto singular = count(&Finding::singular); singular > 0) {
      result_.notes.push_back(fmt::format(
          "J has no finite derivative at {} of the entries (the edge of a domain, as of a square "
          "root at 0): no gradient is right or wrong there",
          singular));
    }
    if (const auto degenerate = count(&Finding::degenerate); degenerate > 0) {
      result_.notes.push_back(fmt::format(
          "theta lies on several corners of J at once (zero biases do that): {} entries of the "
          "gradient disagree here, but jump at this point and agree on either side of it; check at "
          "a theta beside",
          degenerate));
    }
  }

  Result& result_;
  const Request& request_;
  const Findings& findings_;
  double whole_ = 0.0;  // the largest derivative of all blocks
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
