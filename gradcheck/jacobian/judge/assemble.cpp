#include "gradcheck/jacobian/judge/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/badness.hpp"
#include "gradcheck/judge/assemble.hpp"
#include "gradcheck/judge/reasons.hpp"

namespace dtheta::gradcheck::detail {
namespace {

class JacobianAssembly {
 public:
  JacobianAssembly(JacobianResult& result, const JacobianRequest& request,
                   const ParameterVector& outputs, const JacobianFindings& findings,
                   std::size_t worst_entries, std::string_view replay_tail)
      : result_(result),
        request_(request),
        outputs_(outputs),
        found_(findings),
        worst_entries_(worst_entries),
        replay_tail_(replay_tail) {}

  void run() {
    result_.noise = found_.noise;
    result_.complete = found_.complete;
    result_.analytic = request_.jacobian.values;
    for (const Finding& finding : found_.entries) {
      result_.numeric.push_back(finding.numeric);
      result_.bar.push_back(finding.bar);
    }
    for (const Block& output : request_.outputs) {
      for (const Block& input : request_.inputs) {
        JacobianBlock block = summarise(output, input);
        if (block.entries > 0) result_.blocks.push_back(std::move(block));
      }
    }
    result_.difference = difference_of(all_analytic_, all_numeric_);
    sides();
    outside();
    decide();
    name_blind_spots();
    if (result_.verdict == Verdict::inconclusive) {
      name_open(result_.notes, found_.entries, of_jacobians);
    }
  }

 private:
  static bool reached(const Finding& finding) { return finding.step > 0.0; }

  JacobianEntry entry(std::size_t row, std::size_t e) const {
    const Finding& found = found_.entries[e];
    JacobianEntry entry;
    entry.row = row;
    entry.column = request_.jacobian.column_of[e];
    entry.output = outputs_.key(row);
    entry.input = request_.x.key(entry.column);
    entry.analytic = result_.analytic[e];
    entry.numeric = found.numeric;
    entry.bar = found.bar;
    entry.step = found.step;
    entry.verdict = found.verdict;
    entry.corner = found.reason == Reason::corner;
    if (entry.verdict == Verdict::fail) {
      entry.replay = fmt::format("replay_entry(f, jacobian, x, {}, {}, {}{})", entry.row,
                                 entry.column, entry.step, replay_tail_);
    }
    return entry;
  }

  /// Open for a reason that a corner can be, where one is known to be.
  bool is_excused(std::size_t row, std::size_t e) const {
    return may_be_corner(found_.entries[e]) &&
           (holds(request_.corner_outputs, row) ||
            holds(request_.corner_inputs, request_.jacobian.column_of[e]));
  }

  static Difference difference_of(std::span<const double> analytic,
                                  std::span<const double> numeric) {
    return relative_difference(analytic, numeric);
  }

  /// How wrong an entry may be without having been seen, as a part of what it is judged by.
  double floor_of(std::size_t e) const {
    const Finding& found = found_.entries[e];
    if (found_.reference[e] == 0.0) return 0.0;
    const double error = std::abs(result_.analytic[e] - found.numeric);
    const double floor = found.verdict == Verdict::pass ? error + found.bar : 2.0 * found.bar;
    return floor / found_.reference[e];
  }

  JacobianBlock summarise(const Block& output, const Block& input) {
    const RowMatrix& a = request_.jacobian;
    JacobianBlock block;
    block.output = output.name;
    block.input = input.name;
    block.first_row = output.offset;
    block.rows = output.size;
    block.first_column = input.offset;
    block.columns = input.size;
    block.detectable = request_.tolerance;
    std::vector<double> analytic, numeric;
    std::vector<std::pair<Badness, std::size_t>> ranks;  // with the row
    for (std::size_t i = output.offset; i < output.offset + output.size; ++i) {
      for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
        const std::size_t j = a.column_of[e];
        if (j < input.offset || j >= input.offset + input.size) continue;
        const Finding& found = found_.entries[e];
        ++block.entries;
        if (found.verdict == Verdict::fail) ++block.failed;
        if (is_excused(i, e)) {
          ++block.excused;
        } else if (found.verdict == Verdict::inconclusive) {
          ++block.inconclusive;
        }
        const bool corner = found.reason == Reason::corner;
        if (corner) ++block.corners;
        if (!corner) block.detectable = std::max(block.detectable, floor_of(e));
        if (reached(found) || found_.complete) {
          ranks.emplace_back(Badness(found.verdict, result_.analytic[e], found.numeric, e), i);
        }
        if (!reached(found)) continue;
        const bool excused = corner && found.verdict == Verdict::pass;
        analytic.push_back(result_.analytic[e]);
        numeric.push_back(excused ? result_.analytic[e] : found.numeric);
      }
    }
    block.difference = difference_of(analytic, numeric);
    all_analytic_.insert(all_analytic_.end(), analytic.begin(), analytic.end());
    all_numeric_.insert(all_numeric_.end(), numeric.begin(), numeric.end());
    block.verdict = block.failed > 0         ? Verdict::fail
                    : block.inconclusive > 0 ? Verdict::inconclusive
                                             : Verdict::pass;
    const std::size_t kept = std::min(worst_entries_, ranks.size());
    std::partial_sort(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(kept), ranks.end(),
                      [](const auto& l, const auto& r) { return l.first < r.first; });
    for (std::size_t k = 0; k < kept; ++k) {
      block.worst.push_back(entry(ranks[k].second, ranks[k].first.position));
    }
    return block;
  }

  static void worsen(JacobianSide& side, const JacobianBlock& block) {
    side.failed += block.failed;
    side.inconclusive += block.inconclusive;
    side.verdict = side.failed > 0         ? Verdict::fail
                   : side.inconclusive > 0 ? Verdict::inconclusive
                                           : Verdict::pass;
  }

  void sides() {
    for (const Block& output : request_.outputs) {
      JacobianSide side{output.name, output.offset, output.size};
      for (const JacobianBlock& block : result_.blocks) {
        if (block.output == output.name) worsen(side, block);
      }
      result_.outputs.push_back(side);
    }
    for (const Block& input : request_.inputs) {
      JacobianSide side{input.name, input.offset, input.size};
      for (const JacobianBlock& block : result_.blocks) {
        if (block.input == input.name) worsen(side, block);
      }
      result_.inputs.push_back(side);
    }
  }

  void outside() {
    for (const Trespass& t : found_.outside) {
      OutsideEntry entry{t.row,     t.column, outputs_.key(t.row), request_.x.key(t.column),
                         t.numeric, t.bar};
      if (std::abs(t.numeric) <= t.bar) {
        result_.notes.push_back(
            fmt::format("{} moves with {}, where the pattern has no entry; at this x the "
                        "derivative is zero or nearly so",
                        to_string(entry.output), to_string(entry.input)));
        continue;
      }
      result_.outside.push_back(std::move(entry));
    }
    if (result_.outside.empty()) return;
    const OutsideEntry& first = result_.outside.front();
    const std::size_t others = result_.outside.size() - 1;
    result_.causes.push_back(
        {JacobianPattern::outside, first.numeric, 1.0,
         fmt::format("{} by {}", to_string(first.output), to_string(first.input)),
         fmt::format("{} depends on {} (derivative {:.6g}), where the pattern has no entry{}",
                     to_string(first.output), to_string(first.input), first.numeric,
                     others == 0 ? std::string() : fmt::format("; and {} more", others))});
  }

  void decide() {
    result_.verdict = Verdict::pass;
    for (const JacobianBlock& block : result_.blocks) {
      if (block.verdict == Verdict::fail) result_.verdict = Verdict::fail;
      if (block.verdict == Verdict::inconclusive && result_.verdict == Verdict::pass) {
        result_.verdict = Verdict::inconclusive;
      }
    }
    if (!result_.outside.empty()) result_.verdict = Verdict::fail;
    const auto doubt = [&](std::string why) {
      result_.notes.push_back(std::move(why));
      if (result_.verdict == Verdict::pass) result_.verdict = Verdict::inconclusive;
    };
    const bool measured = std::ranges::any_of(found_.entries, reached);
    if (!measured) doubt("no derivative was measured");
    if (measured && !result_.difference.exercised) {
      doubt("nothing was exercised: both Jacobians are zero everywhere, so every bug is hidden");
    }
    if (!result_.deterministic) {
      doubt(
          "f is not deterministic: the same x gave different bits; freeze what is random in it, "
          "then check again");
    }
    if (!result_.complete) doubt("the check was stopped before it had seen every entry");
    std::size_t excused = 0;
    for (const JacobianBlock& block : result_.blocks) excused += block.excused;
    if (excused > 0) result_.notes.push_back(excused_note(excused, "Jacobian"));
    if (result_.deterministic) name_reasons(result_.notes, found_.entries, of_jacobians);
    for (std::size_t i = 0; i < result_.values.size(); ++i) {
      if (std::isfinite(result_.values[i])) continue;
      result_.notes.push_back(
          fmt::format("{} is {} at this x", to_string(outputs_.key(i)), result_.values[i]));
      result_.verdict = Verdict::fail;
      break;
    }
  }

  /// Names blocks of inputs and single outputs that f was not seen to depend on.
  void name_blind_spots() {
    if (!result_.complete || !result_.outside.empty()) return;
    const RowMatrix& a = request_.jacobian;
    std::vector<bool> row_moves(a.rows, false), column_moves(a.columns, false);
    for (std::size_t i = 0; i < a.rows; ++i) {
      for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
        const Finding& found = found_.entries[e];
        // What was not measured is not accused; what is open has its own reason.
        const bool moves = found.verdict != Verdict::pass || found.reason == Reason::corner ||
                           !std::isfinite(found.numeric) || std::abs(found.numeric) > found.bar;
        if (!moves) continue;
        row_moves[i] = true;
        column_moves[a.column_of[e]] = true;
      }
    }
    for (const Block& input : request_.inputs) {
      const auto first = column_moves.begin() + static_cast<std::ptrdiff_t>(input.offset);
      if (std::find(first, first + static_cast<std::ptrdiff_t>(input.size), true) !=
          first + static_cast<std::ptrdiff_t>(input.size)) {
        continue;
      }
      result_.notes.push_back(fmt::format(
          "f was not seen to depend on {}: a bug there would not have been seen", input.name));
    }
    const bool whole = request_.inputs.size() == request_.x.blocks().size();
    const auto still = static_cast<std::size_t>(std::ranges::count(row_moves, false));
    if (!whole || still == 0 || still == a.rows) return;
    const auto at =
        static_cast<std::size_t>(std::ranges::find(row_moves, false) - row_moves.begin());
    result_.notes.push_back(
        fmt::format("{} of {} outputs were not seen to depend on anything, as {}", still, a.rows,
                    to_string(outputs_.key(at))));
  }

  JacobianResult& result_;
  const JacobianRequest& request_;
  const ParameterVector& outputs_;
  const JacobianFindings& found_;
  std::size_t worst_entries_;
  std::string_view replay_tail_;
  std::vector<double> all_analytic_, all_numeric_;
};

}  // namespace

void assemble(JacobianResult& result, const JacobianRequest& request,
              const ParameterVector& outputs, const JacobianFindings& findings,
              std::size_t worst_entries, std::string_view replay_tail) {
  JacobianAssembly(result, request, outputs, findings, worst_entries, replay_tail).run();
}

}  // namespace dtheta::gradcheck::detail
