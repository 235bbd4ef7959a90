#include "gradcheck/jacobian/diagnose/diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/jacobian/patch.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t largest_patch = std::size_t{1} << 22;
constexpr std::size_t most_causes = 3;
constexpr double explained = 0.6;

/// A span of rows or of columns with the words for it.
struct Range {
  std::size_t first = 0;
  std::size_t size = 0;
};

class JacobianDiagnosis {
 public:
  JacobianDiagnosis(JacobianResult& result, const JacobianCircumstances& known)
      : result_(result), known_(known) {}

  void run() {
    bool failing = false;
    for (JacobianBlock& block : result_.blocks) {
      if (block.verdict != Verdict::fail) continue;
      failing = true;
      explain(block);
    }
    if (!failing) return;
    if (result_.blocks.size() > 1 && !on_manifold()) explain_whole();
    gather();
  }

 private:
  Patch patch_of(Range rows, Range columns, std::string name) const {
    const RowMatrix& a = known_.request.jacobian;
    Patch patch;
    patch.rows = rows.size;
    patch.columns = columns.size;
    patch.name = std::move(name);
    const std::size_t size = rows.size * columns.size;
    patch.analytic.assign(size, 0.0);
    patch.numeric.assign(size, 0.0);
    patch.bar.assign(size, 0.0);
    // Outside of a pattern both are zero.
    patch.usable.assign(size, !a.dense);
    for (std::size_t i = 0; i < rows.size; ++i) {
      const std::size_t row = rows.first + i;
      for (std::size_t e = a.starts[row]; e < a.starts[row + 1]; ++e) {
        const std::size_t j = a.column_of[e];
        if (j < columns.first || j >= columns.first + columns.size) continue;
        const std::size_t at = patch.at(i, j - columns.first);
        patch.analytic[at] = result_.analytic[e];
        patch.numeric[at] = result_.numeric[e];
        patch.bar[at] = result_.bar[e];
        const Finding& found = known_.findings.entries[e];
        patch.usable[at] = std::isfinite(found.numeric) && found.reason != Reason::corner &&
                           found.verdict != Verdict::inconclusive;
      }
      patch.row_names.push_back(to_string(known_.outputs.key(row)));
      patch.f.push_back(result_.values[row]);
      if (known_.hints.weights.size() == result_.rows) {
        patch.weights.push_back(known_.hints.weights[row]);
      }
    }
    for (std::size_t j = columns.first; j < columns.first + columns.size; ++j) {
      patch.column_names.push_back(to_string(known_.request.x.key(j)));
      patch.x.push_back(known_.request.x.values()[j]);
    }
    return patch;
  }

  /// Every wrong block is explained by where it lives: that says more than any pattern of numbers.
  bool on_manifold() const {
    return std::ranges::all_of(result_.blocks, [](const JacobianBlock& block) {
      if (block.verdict != Verdict::fail) return true;
      if (block.causes.empty() || block.causes.front().confidence < explained) return false;
      const JacobianPattern pattern = block.causes.front().pattern;
      return pattern == JacobianPattern::other_side || pattern == JacobianPattern::half ||
             pattern == JacobianPattern::ambient || pattern == JacobianPattern::stored_order;
    });
  }

  static void by_confidence(std::vector<JacobianCause>& causes) {
    std::ranges::stable_sort(causes, std::greater<>(), &JacobianCause::confidence);
  }

  static std::vector<JacobianCause> causes_of(const Patch& patch) {
    std::vector<JacobianCause> causes;
    suspect_values(patch, causes);
    const bool finite = causes.empty() || causes.front().pattern != JacobianPattern::not_finite;
    if (finite) {
      suspect_order(patch, causes);
      suspect_lines(patch, causes);
    }
    by_confidence(causes);
    if (causes.empty() || causes.front().confidence < explained) suspect_places(patch, causes);
    by_confidence(causes);
    if (causes.size() > most_causes) causes.resize(most_causes);
    return causes;
  }

  void explain(JacobianBlock& block) const {
    if (block.rows * block.columns > largest_patch) return;
    const Patch patch = patch_of({block.first_row, block.rows}, {block.first_column, block.columns},
                                 fmt::format("{} by {}", block.output, block.input));
    block.causes = causes_of(patch);
    suspect_manifold(patch, block.first_row, known_.ambient, block.input, block.causes);
    by_confidence(block.causes);
    suspect_other_block(block, patch);
    if (block.causes.empty()) {
      block.causes.push_back({JacobianPattern::unexplained, 0.0, 0.5, patch.name,
                              fmt::format("{}: the error has no simple form: a wrong local "
                                          "derivative, or values of another point",
                                          patch.name)});
    }
  }

  /// The columns of another block of inputs.
  void suspect_other_block(JacobianBlock& block, const Patch& patch) const {
    for (const JacobianBlock& other : result_.blocks) {
      const bool candidate = other.output == block.output && other.input != block.input &&
                             other.columns == block.columns;
      if (!candidate) continue;
      const Patch theirs =
          patch_of({other.first_row, other.rows}, {other.first_column, other.columns}, other.input);
      const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
        const std::size_t e = theirs.at(i, j);
        bar = theirs.usable[e] ? theirs.bar[e] : std::numeric_limits<double>::quiet_NaN();
        return theirs.numeric[e];
      });
      if (!fit.explains || theirs.largest() == 0.0) continue;
      block.causes.push_back(
          {JacobianPattern::block_order, 0.0, sureness_of(fit.witnesses, 1), patch.name,
           fmt::format("{}: it holds the derivatives by {}", patch.name, other.input)});
      by_confidence(block.causes);
    }
  }

  /// What explains all blocks at once, as a sign of one row or a transposition does.
  void explain_whole() {
    const bool all = known_.request.inputs.size() == known_.request.x.blocks().size();
    if (!all || result_.rows * result_.columns > largest_patch) return;
    const Patch patch = patch_of({0, result_.rows}, {0, result_.columns}, "all outputs");
    whole_ = causes_of(patch);
    std::erase_if(whole_, [](const JacobianCause& c) { return c.confidence < explained; });
    if (whole_.empty()) return;
    for (JacobianBlock& block : result_.blocks) {
      const bool better = block.verdict == Verdict::fail &&
                          whole_.front().confidence > block.causes.front().confidence;
      if (better) block.causes.insert(block.causes.begin(), whole_.front());
    }
  }

  /// The causes of the blocks, each pattern once, behind those of the whole.
  void gather() {
    constexpr double sure = 0.85;  // of the whole: then what its parts look like is no news
    constexpr std::size_t most = 6;
    result_.causes.insert(result_.causes.end(), whole_.begin(), whole_.end());
    std::vector<JacobianCause> of_blocks;
    for (const JacobianBlock& block : result_.blocks) {
      for (const JacobianCause& cause : block.causes) of_blocks.push_back(cause);
    }
    by_confidence(of_blocks);
    for (JacobianCause& cause : of_blocks) {
      if (!whole_.empty() && whole_.front().confidence >= sure) break;
      const bool said = std::ranges::any_of(result_.causes, [&](const JacobianCause& c) {
        return c.pattern == cause.pattern && c.where == cause.where;
      });
      if (!said && result_.causes.size() < most) result_.causes.push_back(std::move(cause));
    }
  }

  std::vector<JacobianCause> whole_;  // causes that explain everything
  JacobianResult& result_;
  const JacobianCircumstances& known_;
};

}  // namespace

void diagnose(JacobianResult& result, const JacobianCircumstances& known) {
  JacobianDiagnosis(result, known).run();
}

}  // namespace dtheta::gradcheck::detail
