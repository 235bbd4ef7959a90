#include "gradcheck/report/report.hpp"

#include <fmt/color.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/headline.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::readable;

fmt::text_style style_of(Verdict verdict) {
  if (verdict == Verdict::pass) return fmt::fg(fmt::terminal_color::green);
  if (verdict == Verdict::fail) return fmt::fg(fmt::terminal_color::red);
  return fmt::fg(fmt::terminal_color::yellow);
}

std::string painted(std::string text, fmt::text_style style, bool colour) {
  return colour ? fmt::format(style, "{}", text) : text;
}

std::string shape_of(const BlockResult& block) {
  return fmt::format("({})", fmt::join(block.shape, ", "));
}

std::vector<const BlockResult*> worst_first(const Result& result) {
  std::vector<const BlockResult*> order;
  for (const BlockResult& block : result.blocks) order.push_back(&block);
  const auto rank = [](const BlockResult* b) {
    if (b->verdict == Verdict::fail) return 2;
    return b->verdict == Verdict::inconclusive ? 1 : 0;
  };
  std::ranges::stable_sort(order, [&](const BlockResult* a, const BlockResult* b) {
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    const bool a_lost = !a->difference.finite;
    const bool b_lost = !b->difference.finite;
    if (a_lost != b_lost) return a_lost;
    return !a_lost && a->difference.value > b->difference.value;
  });
  return order;
}

class Writer {
 public:
  Writer(const Result& result, const ReportStyle& style) : result_(result), style_(style) {}

  std::string write() {
    head();
    blocks();
    causes();
    components();
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

  void head() {
    const std::string verdict(to_string(result_.verdict));
    line("gradient check ({}): {}", to_string(result_.method),
         painted(verdict, style_of(result_.verdict) | fmt::emphasis::bold, style_.colour));
    line("  {}", headline(result_));
    const std::string difference =
        fmt::format("difference {:.3e} ({})", result_.difference.value, band_words(result_));
    if (result_.method == Method::comparison) {
      line("  {}   tolerance {:.3g}", difference, result_.tolerance);
      return;
    }
    line("  {}   cost {:.17g}", difference, result_.cost);
    if (result_.method == Method::textbook) {
      line("  epsilon {:.3g}   {}", result_.epsilon, evaluations());
    } else {
      line("  tolerance {:.3g}   noise of the cost {:.2e}   {}", result_.tolerance, result_.noise,
           evaluations());
    }
  }

  std::string evaluations() const {
    if (result_.gradient_evaluations == 0)
      return fmt::format("{} evaluations", result_.evaluations);
    return fmt::format("{} evaluations, {} of the gradient", result_.evaluations,
                       result_.gradient_evaluations);
  }

  void blocks() {
    std::size_t width = 5;
    std::size_t shape_width = 5;
    for (const BlockResult& block : result_.blocks) {
      width = std::max(width, readable(block.name).size());
      shape_width = std::max(shape_width, shape_of(block).size());
    }
    const bool sights = detail::has_sights(result_);
    line("\n  {:<{}}  {:>5}  {:<{}}  {:>10}  {:>10}  {:>6}  {}{}", "block", width, "layer", "shape",
         shape_width, "difference", "detectable", "failed",
         sights ? fmt::format("{:>10}  {:<22}  ", "measured", "an error is seen from") : "",
         "verdict");
    for (const BlockResult* block : worst_first(result_)) {
      const bool textbook = result_.method == Method::textbook;
      std::string verdict(textbook ? to_string(block->band) : to_string(block->verdict));
      if (block->corners > 0)
        verdict += fmt::format(" ({} corner{})", block->corners, block->corners == 1 ? "" : "s");
      if (block->excused > 0) verdict += fmt::format(" ({} excused)", block->excused);
      line("  {:<{}}  {:>5}  {:<{}}  {:>10.3e}  {:>10.1e}  {:>6}  {}{}", readable(block->name),
           width, block->layer, shape_of(*block), shape_width, block->difference.value,
           block->detectable, detail::wrong_entries(result_, *block),
           sights ? sight_columns(*block) : "",
           painted(std::move(verdict), style_of(block->verdict), style_.colour));
    }
  }

  static std::string sight_columns(const BlockResult& block) {
    const std::size_t measured = block.sight ? block.sight->measured : block.size;
    return fmt::format("{:>10}  {:<22}  ", measured, detail::sight_text(block));
  }

  void causes() {
    if (result_.causes.empty()) return;
    line("\n  what it looks like");
    for (const Cause& cause : result_.causes) {
      line("  - {} ({}, {:.0f} %): {}", to_string(cause.pattern), cause.sureness(),
           100.0 * cause.confidence, readable(cause.sentence));
    }
  }

  void components() {
    std::vector<Component> worst = result_.worst();
    worst.resize(std::min(worst.size(), style_.components));
    if (worst.empty()) return;
    std::size_t width = 5;
    for (const Component& c : worst) width = std::max(width, name_of(c).size());
    const bool compared = result_.method == Method::comparison;
    // A comparison takes no steps.
    const auto step = [&](const Component& c) {
      return compared ? std::string() : fmt::format("  {:>9.2e}", c.step);
    };
    line("\n  {:<{}}  {:>5}  {:>22}  {:>22}  {:>9}  {:>9}{}  {}", "entry", width, "layer",
         compared ? "gradient" : "analytic", compared ? "reference" : "numeric", "error", "bar",
         compared ? "" : "       step", "verdict");
    for (const Component& c : worst) {
      const detail::EntryWord word = detail::word_of(result_, c);
      line("  {:<{}}  {:>5}  {:>22.15e}  {:>22.15e}  {:>9.2e}  {:>9.2e}{}  {}", name_of(c), width,
           c.key.layer, c.analytic, c.numeric, c.error(), c.bar, step(c),
           painted(word.word, style_of(word.verdict), style_.colour));
    }
  }

  /// Everything about the worst entry of each failing block, with what shows its probe again.
  void failures() {
    std::size_t shown = 0;
    for (const BlockResult* block : worst_first(result_)) {
      if (block->verdict != Verdict::fail || block->worst.empty()) continue;
      if (shown++ == style_.failures) break;
      failure(*block, block->worst.front());
    }
  }

  void failure(const BlockResult& block, const Component& c) {
    const bool compared = result_.method == Method::comparison;
    line("\n  {} is wrong: {}", name_of(c), place(block, c));
    line("    {:<9}  {:>24.16e}", compared ? "gradient" : "analytic", c.analytic);
    if (c.corner) {
      line("    {:<9}  {:.9g} and {:.9g} on the two sides of a corner of J   step {:.6g}", "slopes",
           c.numeric - c.bar, c.numeric + c.bar, c.step);
      line("    {:<9}  {:>24.2e}   beyond both", "apart", c.error() - c.bar);
    } else {
      line("    {:<9}  {:>24.16e}   bar {:.2e}{}", compared ? "reference" : "numeric", c.numeric,
           c.bar, compared ? "" : fmt::format("   step {:.6g}", c.step));
      line("    {:<9}  {:>24.2e}   {:.3g} bars, {:.3g} relative", "apart", c.error(), c.z(),
           c.relative_error());
    }
    if (!block.causes.empty()) {
      const Cause& cause = block.causes.front();
      line("    {:<9}  {} ({}): {}", "cause", to_string(cause.pattern), cause.sureness(),
           readable(cause.sentence));
    }
    if (!c.replay.empty()) line("    {:<9}  {}", "replay", readable(c.replay));
  }

  static std::string name_of(const Component& c) { return readable(to_string(c.key)); }

  std::string place(const BlockResult& block, const Component& c) const {
    if (result_.sampled) return fmt::format("entry {} of theta, layer {}", c.position, c.key.layer);
    const bool whole = block.size == result_.analytic.size();
    return fmt::format("entry {} of {} {}{}, layer {}", c.position - block.offset,
                       readable(block.name), shape_of(block),
                       whole ? "" : fmt::format(", entry {} of theta", c.position), c.key.layer);
  }

  const Result& result_;
  const ReportStyle& style_;
  std::string text_;
};

}  // namespace

std::string report(const Result& result, const ReportStyle& style) {
  return Writer(result, style).write();
}

std::string textbook_sentence(double difference, double threshold, bool colour) {
  const bool good = difference <= threshold;  // false for NaN
  std::string sentence = good ? fmt::format("Good, the difference is {}", difference)
                              : fmt::format("There is a mistake, the difference is {}", difference);
  return painted(std::move(sentence), style_of(good ? Verdict::pass : Verdict::fail), colour);
}

std::string textbook_sentence(const Result& result, double threshold, bool colour) {
  // A small difference that is not what the verdict went by: zeros on both sides, a J that is not
  // deterministic, a check that was stopped.
  const bool vouched = result.verdict == Verdict::pass || result.band != Band::excellent;
  if (vouched) return textbook_sentence(result.difference.value, threshold, colour);
  return painted(fmt::format("The difference is {}, but that says nothing here: {}",
                             result.difference.value, headline(result)),
                 style_of(result.verdict), colour);
}

bool is_terminal(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  if (no_colour != nullptr && *no_colour != '\0') return false;
  return stream != nullptr && isatty(fileno(stream)) != 0;
}

std::ostream& operator<<(std::ostream& out, const Result& result) { return out << report(result); }

}  // namespace dtheta::gradcheck
