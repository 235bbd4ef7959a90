#include "gradcheck/diagnose/diagnose.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "gradcheck/diagnose/block_order.hpp"
#include "gradcheck/diagnose/hypothesis.hpp"
#include "gradcheck/diagnose/lost_step.hpp"

namespace dtheta::gradcheck {

namespace detail {
namespace {

constexpr std::size_t most_causes = 3;

class Diagnosis {
 public:
  Diagnosis(Result& result, const Circumstances& known) : result_(result), known_(known) {}

  void run() {
    for (BlockResult& block : result_.blocks) {
      if (block.verdict == Verdict::fail) explain(block);
    }
    keep_company();
    explain_whole();
  }

 private:
  Evidence evidence_of(const BlockResult& block) const {
    const Hints& hints = known_.hints;
    const auto cut = [&](std::span<const double> whole) {
      return whole.size() == result_.analytic.size() ? whole.subspan(block.offset, block.size)
                                                     : std::span<const double>();
    };
    Evidence e;
    e.analytic = cut(result_.analytic);
    e.numeric = cut(result_.numeric);
    e.bar = cut(result_.bar);
    e.theta = cut(known_.theta);
    e.previous = cut(hints.previous);
    for (const NamedVector& suspect : hints.suspects) {
      const auto part = cut(suspect.values);
      if (!part.empty()) e.suspects.push_back({suspect.name, {part.begin(), part.end()}});
    }
    const auto first = known_.usable.begin() + static_cast<std::ptrdiff_t>(block.offset);
    e.usable.assign(first, first + static_cast<std::ptrdiff_t>(block.size));
    e.columns = block.shape.empty() ? 1 : std::max<std::size_t>(1, block.shape.back());
    e.rows = std::max<std::size_t>(1, block.size / e.columns);
    e.hints = &hints;
    return e;
  }

  void explain(BlockResult& block) const {
    Evidence e = evidence_of(block);
    std::vector<Cause>& causes = block.causes;
    std::optional<Cause> lost = leave_out_lost_steps(block, e);
    if (lost && lost->confidence > 0.9) {  // nothing else is wrong
      causes.push_back(std::move(*lost));
      return;
    }
    suspect_numbers(e, causes);
    if (causes.empty() || causes.front().pattern != Pattern::not_finite) {
      suspect_terms(e, causes);
      suspect_order(e, causes);
      suspect_sums(e, causes);
      suspect_vectors(e, causes);
      suspect_slips(e, causes);
      suspect_other_blocks(block, e, causes);
    }
    std::ranges::stable_sort(causes, std::greater<>(), &Cause::confidence);
    const bool explained = !causes.empty() && causes.front().confidence >= 0.5;
    if (!explained) {
      suspect_places(e, causes);
      std::ranges::stable_sort(causes, std::greater<>(), &Cause::confidence);
    }
    if (causes.empty()) causes.push_back(unexplained(block));
    suspect_stopped(e, causes);
    std::ranges::stable_sort(causes, std::greater<>(), &Cause::confidence);
    settle_rivals(causes);
    if (lost) causes.push_back(std::move(*lost));
  }

  static Cause unexplained(const BlockResult& block) {
    const auto elsewhere = [](const Component& c) {
      return c.verdict == Verdict::fail && !c.corner;
    };
    if (block.corners > 0 && std::ranges::none_of(block.worst, elsewhere)) {
      return {Pattern::unexplained, 0.0, 0.5,
              "at a corner of J any value between its slopes on both sides is right, and this one "
              "lies beyond both"};
    }
    return {Pattern::unexplained, 0.0, 0.5,
            "the error has no simple form: a wrong local derivative, or values of another point or "
            "batch"};
  }

  /// What the textbook's step did to the block, if anything; doubtful where more is wrong with it.
  std::optional<Cause> leave_out_lost_steps(const BlockResult& block, Evidence& e) const {
    LostSteps steps = lost_steps(result_, block, known_.theta);
    if (!steps.cause) return {};
    bool other = false;
    for (std::size_t i = 0; i < e.size(); ++i) {
      if (steps.lost[i]) e.usable[i] = false;
      const bool wrong = !(std::abs(e.analytic[i] - e.numeric[i]) <= e.bar[i]);
      other = other || (wrong && !steps.lost[i]);
    }
    if (other) steps.cause->confidence = 0.4;
    return std::move(steps.cause);
  }

  /// What one number of one block says is no cause. If another block says the same, both are.
  void keep_company() {
    for (BlockResult& block : result_.blocks) {
      if (block.causes.empty() || block.size != 1) continue;
      if (block.causes.front().pattern != Pattern::one_entry) continue;
      for (Cause& cause : block.causes) {
        if (cause.pattern != Pattern::one_entry && has_company(block, cause)) {
          cause.confidence = 0.75;
          break;
        }
      }
      std::ranges::stable_sort(block.causes, std::greater<>(), &Cause::confidence);
    }
  }

  bool has_company(const BlockResult& block, const Cause& cause) const {
    return std::ranges::any_of(result_.blocks, [&](const BlockResult& other) {
      return &other != &block && std::ranges::any_of(other.causes, [&](const Cause& theirs) {
        return theirs.pattern == cause.pattern && alike(theirs.amount, cause.amount);
      });
    });
  }

  /// To a per mille.
  static bool alike(double a, double b) {
    return std::abs(a - b) <= 1e-3 * std::max(std::abs(a), std::abs(b));
  }

  /// Two explanations that fit alike halve each other's credit.
  static void settle_rivals(std::vector<Cause>& causes) {
    if (causes.size() > most_causes) causes.resize(most_causes);
    if (causes.size() > 1 && causes[1].confidence > 0.95 * causes[0].confidence &&
        causes[1].pattern != causes[0].pattern) {
      for (Cause& cause : causes) cause.confidence *= 0.7;
    }
  }

  void suspect_other_blocks(const BlockResult& block, const Evidence& e,
                            std::vector<Cause>& causes) const {
    if (block.size < 2) return;
    for (const BlockResult& other : result_.blocks) {
      if (&other == &block || other.size != block.size) continue;
      const auto numeric = std::span(result_.numeric).subspan(other.offset, other.size);
      const Fit fit = fit_of(e, numeric);
      const double confidence = confidence_of(fit, 0, false);
      if (confidence == 0.0) continue;
      causes.push_back({Pattern::other_block, 0.0, confidence,
                        fmt::format("this is the gradient of {}", other.name)});
    }
  }

  /// Blocks whose first cause is the same, with the same amount to a per mille.
  using Group = std::vector<const BlockResult*>;
  std::vector<Group> groups() const {
    std::vector<Group> groups;
    for (const BlockResult& block : result_.blocks) {
      if (block.causes.empty()) continue;
      const Cause& mine = block.causes.front();
      const auto same = std::ranges::find_if(groups, [&](const Group& group) {
        const Cause& theirs = group.front()->causes.front();
        if (mine.pattern != theirs.pattern) return false;
        // NaN of the gradient is one thing, NaN of J another.
        if (mine.pattern == Pattern::not_finite) return mine.confidence == theirs.confidence;
        if (mine.pattern == Pattern::slip || mine.pattern == Pattern::suspect) {
          return mine.sentence == theirs.sentence;
        }
        return alike(mine.amount, theirs.amount);
      });
      if (same == groups.end()) {
        groups.push_back({&block});
      } else {
        same->push_back(&block);
      }
    }
    return groups;
  }

  static std::string names_of(const Group& group) {
    std::vector<std::string_view> names;
    for (const BlockResult* block : group) names.emplace_back(block->name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void explain_whole() {
    if (const std::optional<Cause> order = block_order(result_, known_.usable)) {
      for (BlockResult& block : result_.blocks) {
        if (block.verdict == Verdict::fail) block.causes = {*order};
      }
      result_.causes = {*order};
      return;
    }
    for (const Group& group : groups()) {
      Cause cause = group.front()->causes.front();
      for (const BlockResult* block : group) {
        cause.confidence = std::max(cause.confidence, block->causes.front().confidence);
      }
      cause.sentence = fmt::format("{}: {}", names_of(group), cause.sentence);
      result_.causes.push_back(std::move(cause));
    }
    name_lost_steps();
    offer_cuts();
    std::ranges::stable_sort(result_.causes, std::greater<>(), &Cause::confidence);
    suspect_upstream();
  }

  /// Those in blocks that are wrong for another reason too.
  void name_lost_steps() {
    for (const BlockResult& block : result_.blocks) {
      for (std::size_t k = 1; k < block.causes.size(); ++k) {
        Cause cause = block.causes[k];
        if (cause.pattern != Pattern::lost_step) continue;
        cause.sentence = fmt::format("{}: {}", block.name, cause.sentence);
        result_.causes.push_back(std::move(cause));
      }
    }
  }

  /// An error without a simple form may be no error: of a J that is no tape nobody else would say so.
  void offer_cuts() {
    for (const BlockResult& block : result_.blocks) {
      if (block.causes.empty() || block.causes.front().pattern != Pattern::unexplained) continue;
      const auto cut = std::ranges::find(block.causes, Pattern::stopped, &Cause::pattern);
      if (cut == block.causes.end() || block.corners > 0) continue;
      if (std::ranges::count(result_.causes, Pattern::stopped, &Cause::pattern) > 0) return;
      result_.causes.push_back(*cut);
    }
  }

  /// Backpropagation hands an error down to every layer below, and to none above.
  void suspect_upstream() {
    std::set<std::size_t> wrong, right;
    std::map<std::size_t, std::size_t> failing;
    for (const BlockResult& block : result_.blocks) {
      const bool seen = block.verdict == Verdict::pass && block.detectable < 1e-2;
      if (block.verdict != Verdict::fail && !seen) continue;
      (block.verdict == Verdict::fail ? wrong : right).insert(block.layer);
      if (block.verdict == Verdict::fail) ++failing[block.layer];
    }
    for (const std::size_t layer : wrong) right.erase(layer);
    if (wrong.empty() || right.empty() || *wrong.rbegin() > *right.begin()) return;
    // One block alone may be wrong by itself; two of a layer share what was handed down to them.
    const bool shared = failing[*wrong.rbegin()] > 1;
    const bool explained = !result_.causes.empty() && result_.causes.size() == 1 &&
                           result_.causes.front().pattern != Pattern::unexplained &&
                           result_.causes.front().pattern != Pattern::factor;
    if (!shared || explained) return;
    const bool factor = result_.causes.size() == 1 && result_.causes[0].pattern == Pattern::factor;
    Cause cause{Pattern::upstream, factor ? result_.causes[0].amount : 0.0, 0.85, {}};
    cause.sentence = fmt::format(
        "every layer up to {} is wrong{} and every one after it is right: look at what the "
        "backward step of layer {} hands down (its weights, or layer {}'s activation derivative)",
        *wrong.rbegin(), factor ? fmt::format(" by the same factor {:.6g}", cause.amount) : "",
        *right.begin(), *wrong.rbegin());
    const bool better = result_.causes.empty() || result_.causes.front().confidence < 0.85 ||
                        factor || result_.causes.size() > 1;
    result_.causes.insert(better ? result_.causes.begin() : result_.causes.end(), std::move(cause));
  }

  Result& result_;
  const Circumstances& known_;
};

}  // namespace

void diagnose(Result& result, const Circumstances& known) { Diagnosis(result, known).run(); }

}  // namespace detail
}  // namespace dtheta::gradcheck
