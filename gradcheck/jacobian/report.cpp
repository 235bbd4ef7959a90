#include "gradcheck/jacobian/report.hpp"

#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::readable;

fmt::text_style style_of(Verdict verdict) {
  if (verdict == Verdict::pass) return fmt::fg(fmt::terminal_color::green);
  return fmt::fg(verdict == Verdict::fail ? fmt::terminal_color::red : fmt::terminal_color::yellow);
}

std::vector<const JacobianBlock*> worst_first(const JacobianResult& result) {
  std::vector<const JacobianBlock*> order;
  for (const JacobianBlock& block : result.blocks) order.push_back(&block);
  const auto rank = [](const JacobianBlock* b) {
    return b->verdict == Verdict::fail ? 2 : b->verdict == Verdict::inconclusive ? 1 : 0;
  };
  std::ranges::stable_sort(order, [&](const JacobianBlock* a, const JacobianBlock* b) {
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    const bool lost = !a->difference.finite, other = !b->difference.finite;
    if (lost != other) return lost;
    return !lost && a->difference.value > b->difference.value;
  });
  return order;
}

class JacobianWriter {
 public:
  JacobianWriter(const JacobianResult& result, const ReportStyle& style)
      : result_(result), style_(style) {}

  std::string write() {
    head();
    blocks();
    causes();
    entries();
    failures();
    for (const std::string& note : result_.notes) line("note: {}", readable(note));
    return std::move(text_);
  }

 private:
  template <class... T>
  void line(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<T>(arguments)...);
    text_ += '\n';
  }

  std::string painted(std::string_view text, Verdict verdict) const {
    return style_.colour ? fmt::format(style_of(verdict), "{}", text) : std::string(text);
  }

  void head() {
    line("{} check: {}", result_.subject, painted(to_string(result_.verdict), result_.verdict));
    line("  {}", headline(result_));
    const std::string size =
        result_.dense
            ? fmt::format("{} outputs by {} inputs", result_.rows, result_.columns)
            : fmt::format("{} outputs by {} inputs, {} entries in {} colours", result_.rows,
                          result_.columns, result_.analytic.size(), result_.colours);
    line("  {}   difference {:.3e}   tolerance {:.3g}   {} evaluations of f", size,
         result_.difference.value, result_.tolerance, result_.evaluations);
  }

  void blocks() {
    std::size_t output = 7, input = 5;
    for (const JacobianBlock& block : result_.blocks) {
      output = std::max(output, readable(block.output).size());
      input = std::max(input, readable(block.input).size());
    }
    line("\n  {:<{}}  {:<{}}  {:<11}  {:>10}  {:>10}  {:>6}  {}", "outputs", output, "by", input,
         "size", "difference", "detectable", "failed", "verdict");
    constexpr std::size_t most = 40;
    std::size_t shown = 0;
    for (const JacobianBlock* block : worst_first(result_)) {
      if (shown++ == most) break;
      std::string verdict(to_string(block->verdict));
      if (block->corners > 0) verdict += fmt::format(" ({} corners)", block->corners);
      if (block->excused > 0) verdict += fmt::format(" ({} excused)", block->excused);
      line("  {:<{}}  {:<{}}  {:<11}  {:>10.3e}  {:>10.1e}  {:>6}  {}", readable(block->output),
           output, readable(block->input), input,
           fmt::format("{} x {}", block->rows, block->columns), block->difference.value,
           block->detectable, block->failed, painted(verdict, block->verdict));
    }
    if (result_.blocks.size() > most) line("  and {} more", result_.blocks.size() - most);
  }

  void causes() {
    if (result_.causes.empty()) return;
    line("\n  what it looks like");
    for (const JacobianCause& cause : result_.causes) {
      line("  - {} ({}, {:.0f} %): {}", to_string(cause.pattern), cause.sureness(),
           100.0 * cause.confidence, readable(cause.sentence));
    }
  }

  void entries() {
    std::vector<JacobianEntry> worst = result_.worst();
    worst.resize(std::min(worst.size(), style_.components));
    if (worst.empty()) return;
    std::size_t width = 5;
    for (const JacobianEntry& e : worst) width = std::max(width, readable(place_of(e)).size());
    line("\n  {:<{}}  {:>22}  {:>22}  {:>9}  {:>9}  {:>9}  {}", "entry", width, "analytic",
         "numeric", "error", "bar", "step", "verdict");
    for (const JacobianEntry& e : worst) {
      std::string verdict(to_string(e.verdict));
      if (e.corner) verdict += " (corner)";
      line("  {:<{}}  {:>22.15e}  {:>22.15e}  {:>9.2e}  {:>9.2e}  {:>9.2e}  {}",
           readable(place_of(e)), width, e.analytic, e.numeric, e.error(), e.bar, e.step,
           painted(verdict, e.verdict));
    }
  }

  /// Everything about the worst entry of each failing block, with what shows its probe again.
  void failures() {
    std::size_t shown = 0;
    for (const JacobianBlock* block : worst_first(result_)) {
      if (block->verdict != Verdict::fail || block->worst.empty()) continue;
      if (shown++ == style_.failures) break;
      const JacobianEntry& e = block->worst.front();
      line("\n  {} is wrong: row {}, column {}", readable(place_of(e)), e.row, e.column);
      line("    analytic   {:>24.16e}", e.analytic);
      line("    numeric    {:>24.16e}   bar {:.2e}   step {:.6g}", e.numeric, e.bar, e.step);
      line("    apart      {:>24.2e}   {:.3g} bars", e.error(), e.z());
      if (!block->causes.empty()) {
        const JacobianCause& cause = block->causes.front();
        line("    cause      {} ({}): {}", to_string(cause.pattern), cause.sureness(),
             readable(cause.sentence));
      }
      if (!e.replay.empty()) line("    replay     {}", readable(e.replay));
    }
    for (const OutsideEntry& e : result_.outside) {
      line(
          "\n  {} by {} is not in the pattern, but f does move: row {}, column {}, derivative "
          "{:.9g}, bar {:.2e}",
          readable(to_string(e.output)), readable(to_string(e.input)), e.row, e.column, e.numeric,
          e.bar);
    }
  }

  const JacobianResult& result_;
  const ReportStyle& style_;
  std::string text_;
};

}  // namespace

std::string headline(const JacobianResult& result) {
  std::size_t entries = 0, failed = 0, open = 0;
  std::string where;
  std::size_t blocks = 0;
  for (const JacobianBlock& block : result.blocks) {
    entries += block.entries;
    failed += block.failed;
    open += block.inconclusive;
    if (block.failed == 0 && (block.inconclusive == 0 || result.verdict == Verdict::fail)) continue;
    constexpr std::size_t most = 4;
    if (++blocks <= most) {
      where += fmt::format("{}{} by {}", where.empty() ? "" : ", ", readable(block.output),
                           readable(block.input));
    } else if (blocks == most + 1) {
      where += " and more";
    }
  }
  const std::string reason = result.notes.empty() ? "" : readable(result.notes.front());
  switch (result.verdict) {
    case Verdict::pass:
      return fmt::format(
          "The {} agrees with the differences of f: {} {}, none off by more than "
          "{:.3g} of its row's largest in the block.",
          result.subject, entries, entries == 1 ? "entry" : "entries", result.tolerance);
    case Verdict::fail:
      if (failed > 0) {
        return fmt::format(
            "The {} is wrong: {} of {} entries contradict{} the differences of f, in "
            "{}; the worst is {}.",
            result.subject, failed, entries, failed == 1 ? "s" : "", where,
            readable(place_of(result.worst().front())));
      }
      if (!result.causes.empty()) {
        return fmt::format("The {} is wrong: {}.", result.subject,
                           readable(result.causes.front().sentence));
      }
      return fmt::format("The check fails: {}.", reason);
    case Verdict::inconclusive:
      break;
  }
  const std::string cannot =
      fmt::format("This check cannot tell whether the {} is right: ", result.subject);
  if (!result.complete) return cannot + "it was stopped before it had seen every entry.";
  if (!result.deterministic) return cannot + "f gives other values for the same x.";
  if (open > 0) {
    return fmt::format("{}{} of {} entries {} open, in {}.", cannot, open, entries,
                       open == 1 ? "is" : "are", where);
  }
  return fmt::format("{}{}.", cannot, reason);
}

std::string report(const JacobianResult& result, const ReportStyle& style) {
  return JacobianWriter(result, style).write();
}

}  // namespace dtheta::gradcheck
