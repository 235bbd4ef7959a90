#include "gradcheck/report/report_junit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/headline.hpp"
#include "gradcheck/report/junit.hpp"

namespace dtheta::gradcheck {
namespace {

std::string details(const Result& result, const BlockResult& block) {
  std::string text;
  if (block.sight) {
    text += fmt::format("{} of {} entries measured, an error is seen from {}\n",
                        block.sight->measured, block.size, detail::sight_text(block));
  }
  if (block.excused > 0) text += fmt::format("{} known corners excused\n", block.excused);
  for (const Cause& cause : block.causes) {
    text +=
        fmt::format("{} ({}): {}\n", to_string(cause.pattern), cause.sureness(), cause.sentence);
  }
  for (const Component& c : block.worst) {
    const detail::EntryWord word = detail::word_of(result, c);
    if (word.verdict == Verdict::pass) continue;
    text += fmt::format("{}: analytic {:.15e} numeric {:.15e} bar {:.2e} step {:.2e} {}\n",
                        to_string(c.key), c.analytic, c.numeric, c.bar, c.step, word.word);
    if (!c.replay.empty()) text += fmt::format("  replay: {}\n", c.replay);
  }
  return text;
}

std::string message(const Result& result, const BlockResult& block) {
  const std::size_t wrong = detail::wrong_entries(result, block);
  if (block.verdict == Verdict::fail) {
    return fmt::format("difference {:.3e}, {} of {} entries wrong", block.difference.value, wrong,
                       block.size);
  }
  if (result.method == Method::textbook) {
    return fmt::format("inconclusive: difference {:.3e} ({})", block.difference.value,
                       to_string(block.band));
  }
  if (block.sight && block.inconclusive == 0) {
    return fmt::format("inconclusive: {} of {} entries were measured; an error is seen from {}",
                       block.sight->measured, block.size, detail::sight_text(block));
  }
  return fmt::format("inconclusive: {} of {} entries open", block.inconclusive, block.size);
}

/// How bad a verdict is.
int badness(Verdict verdict) {
  return verdict == Verdict::fail ? 2 : verdict == Verdict::inconclusive ? 1 : 0;
}

}  // namespace

std::string report_junit(const Result& result, std::string_view suite, const JunitStyle& style) {
  detail::JunitSuite file(suite, style);
  int worst = 0;
  for (const BlockResult& block : result.blocks) {
    file.add(block.name, block.verdict, message(result, block), details(result, block));
    worst = std::max(worst, badness(block.verdict));
  }
  std::string notes;
  for (const std::string& note : result.notes) notes += note + "\n";
  if (badness(result.verdict) > worst) {
    file.add("whole check", result.verdict, headline(result), notes);
  }
  return file.text(notes);
}

}  // namespace dtheta::gradcheck
