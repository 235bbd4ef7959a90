#include "gradcheck/modes/part_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "gradcheck/diagnose/diagnose.hpp"
#include "gradcheck/judge/assemble.hpp"
#include "gradcheck/judge/scales.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

Verdict worse_of(Verdict a, Verdict b) {
  if (a == Verdict::fail || b == Verdict::fail) return Verdict::fail;
  return a == Verdict::pass ? b : a;
}

class WholeResult {
 public:
  explicit WholeResult(Part part) : part_(std::move(part)) {}

  Result run() {
    begin();
    spread();
    for (std::size_t b = 0; b < part_.blocks.size(); ++b) {
      result_.blocks.push_back(whole_block(b));
    }
    for (const BlockResult& block : result_.blocks) {
      result_.verdict = worse_of(result_.verdict, block.verdict);
    }
    detail::diagnose(result_, {part_.theta.values(), part_.options.check.hints, usable()});
    return std::move(result_);
  }

 private:
  [[nodiscard]] const std::vector<std::size_t>& positions() const {
    static const std::vector<std::size_t> none;
    return part_.sample ? part_.sample->positions : none;
  }

  /// What does not belong to a block.
  void begin() {
    if (part_.sample) {
      measured_ = std::move(part_.sample->result);
      result_.difference = measured_.difference;
      result_.band = measured_.band;
      result_.oracles = std::move(measured_.oracles);
      // The last note counts entries of the sample, which is done better below.
      if (!measured_.notes.empty()) measured_.notes.pop_back();
      std::erase(measured_.notes, stopped_note);
      result_.notes = std::move(measured_.notes);
      result_.verdict = own_verdict(measured_);
      result_.complete = measured_.complete;
    } else {
      result_.verdict = Verdict::pass;
      result_.difference = relative_difference({}, {});
    }
    const bool lines = !part_.lines.empty();
    result_.cost = lines ? part_.along.cost : measured_.cost;
    result_.noise = std::max(part_.along.noise, measured_.noise);
    result_.deterministic = part_.along.deterministic && (!part_.sample || measured_.deterministic);
    if (!result_.deterministic) result_.verdict = worse_of(result_.verdict, Verdict::inconclusive);
    result_.tolerance = part_.options.check.held_to();
    result_.sampled = true;
    result_.complete = result_.complete && part_.along.complete;
  }

  /// A verdict for a reason that no block has.
  static Verdict own_verdict(const Result& sample) {
    Verdict blocks = Verdict::pass;
    for (const BlockResult& block : sample.blocks) blocks = worse_of(blocks, block.verdict);
    return blocks == sample.verdict || !sample.complete ? Verdict::pass : sample.verdict;
  }

  /// The sample's numbers go where they stand in θ.
  void spread() {
    result_.analytic = std::move(part_.gradient);
    result_.numeric.assign(result_.analytic.size(), nan);
    result_.bar.assign(result_.analytic.size(), infinite);
    for (std::size_t k = 0; k < positions().size(); ++k) {
      result_.numeric[positions()[k]] = measured_.numeric[k];
      result_.bar[positions()[k]] = measured_.bar[k];
    }
  }

  /// Entries of a block that the sample reached.
  [[nodiscard]] std::size_t reached(const Block& block) const {
    const auto& all = positions();
    const auto first = std::ranges::lower_bound(all, block.offset);
    const auto last = std::ranges::lower_bound(all, block.offset + block.size);
    if (measured_.complete) return static_cast<std::size_t>(last - first);
    return static_cast<std::size_t>(
        std::count_if(first, last, [&](std::size_t i) { return !std::isnan(result_.numeric[i]); }));
  }

  BlockResult whole_block(std::size_t b) {
    const Block& block = part_.blocks[b];
    BlockResult whole;
    const auto drawn = std::ranges::find(measured_.blocks, block.name, &BlockResult::name);
    if (drawn != measured_.blocks.end()) {
      // An entry that a stopped check did not reach says nothing.
      const std::size_t unreached = drawn->size - std::min(drawn->size, reached(block));
      whole = std::move(*drawn);
      if (!measured_.complete) whole.inconclusive -= std::min(whole.inconclusive, unreached);
      const bool open = whole.inconclusive > 0;
      whole.verdict = whole.failed > 0 ? Verdict::fail
                      : open           ? Verdict::inconclusive
                                       : Verdict::pass;
      whole.causes.clear();
    } else {
      whole.verdict = Verdict::pass;
      whole.detectable = infinite;
      whole.difference = relative_difference({}, {});
    }
    whole.name = block.name;
    whole.layer = block.layer;
    whole.shape = block.shape;
    whole.offset = block.offset;
    whole.size = block.size;
    for (Component& c : whole.worst) c.key = part_.theta.key(c.position);
    look(whole, b);
    return whole;
  }

  /// What was seen of it, and whether that is enough.
  void look(BlockResult& block, std::size_t b) {
    const std::size_t measured = reached(part_.blocks[b]);
    if (measured == block.size) return;
    Sight sight{infinite, 0.0, measured};
    if (!part_.lines.empty()) {
      sight.error = seen_from(part_.lines[b]);
      sight.probability = std::isfinite(sight.error) ? sight_probability : 0.0;
      const auto& slopes = part_.lines[b].slopes;
      const auto wrong = std::ranges::find(slopes, Verdict::fail, &LineSlope::verdict);
      if (wrong != slopes.end()) {
        block.sensitive = true;
        contradicted(block, *wrong, part_.lines[b].shared);
      }
    } else if (measured > 0) {
      one_wrong_entry(block, sight);
    }
    const bool enough =
        sight.error <= part_.options.smallest_error && sight.probability >= sight_probability;
    if (!enough) block.verdict = worse_of(block.verdict, Verdict::inconclusive);
    block.sight = sight;
  }

  void contradicted(BlockResult& block, const LineSlope& slope, bool shared) {
    const bool accused = !shared || block.failed > 0;
    block.verdict = worse_of(block.verdict, accused ? Verdict::fail : Verdict::inconclusive);
    if (block.failed > 0) return;
    result_.notes.insert(
        result_.notes.begin(),
        fmt::format(
            "a direction of {}{} contradicts the gradient: {:.12g} against {:.12g} +- {:.1g}; the "
            "budget was spent before a wrong entry was found",
            block.name, shared ? " and others" : "", slope.analytic, slope.numeric, slope.bar));
  }

  /// Without directions: the error that one wrong entry must be for the drawn ones to show it.
  void one_wrong_entry(const BlockResult& block, Sight& sight) const {
    const auto g = std::span(result_.analytic).subspan(block.offset, block.size);
    double squares = 0.0;
    for (const double v : g) squares += v * v;
    if (!(squares > 0.0)) return;
    const double least = std::max(result_.tolerance, block.detectable) * largest_finite(g);
    sight.error = least * std::sqrt(static_cast<double>(block.size) / squares);
    sight.probability = static_cast<double>(sight.measured) / static_cast<double>(block.size);
  }

  [[nodiscard]] std::vector<bool> usable() const {
    std::vector<bool> usable(result_.analytic.size(), false);
    for (const std::size_t i : positions()) usable[i] = std::isfinite(result_.numeric[i]);
    for (const BlockResult& block : result_.blocks) {
      for (const Component& c : block.worst) {
        if (c.corner || c.verdict == Verdict::inconclusive) usable[c.position] = false;
      }
    }
    return usable;
  }

  Part part_;
  Result measured_{};  // of the sample
  Result result_{};
};

}  // namespace

/// With each further line the probabilities of missing an error multiply, as the directions are
/// independent; any of the lines may be left out of the product.
double seen_from(const BlockLines& block) {
  constexpr double miss = 1.0 - sight_probability;
  std::vector<double> unseen;
  for (const LineSlope& slope : block.slopes) {
    if (std::isfinite(slope.unseen)) unseen.push_back(slope.unseen);
  }
  std::ranges::sort(unseen);
  double least = infinite, logarithms = 0.0;
  for (std::size_t k = 0; k < unseen.size(); ++k) {
    logarithms += std::log(unseen[k]);
    const auto count = static_cast<double>(k + 1);
    const double error = Lines::chance * std::exp((logarithms - std::log(miss)) / count);
    if (block.size > 0.0) least = std::min(least, error / block.size);
  }
  return least;
}

Result result_of(Part part) { return WholeResult(std::move(part)).run(); }

}  // namespace dtheta::gradcheck::detail
