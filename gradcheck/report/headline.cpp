#include "gradcheck/report/headline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::readable;

/// How many of how many, and where.
struct Count {
  std::size_t entries = 0;
  std::size_t of = 0;
  std::vector<std::string> blocks;  // those that have any

  void add(const BlockResult& block, std::size_t found) {
    entries += found;
    of += block.size;
    if (found > 0) blocks.push_back(readable(block.name));
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} of {} {}", entries, of, of == 1 ? "entry" : "entries");
  }
  [[nodiscard]] std::string where() const {
    constexpr std::size_t most = 5;
    if (blocks.size() <= most) return fmt::format("{}", fmt::join(blocks, ", "));
    return fmt::format("{} and {} more blocks",
                       fmt::join(blocks.begin(), blocks.begin() + most, ", "),
                       blocks.size() - most);
  }
};

template <class Found>
Count counted(const Result& result, Found found) {
  Count count;
  for (const BlockResult& block : result.blocks) count.add(block, found(block));
  return count;
}

Count wrong(const Result& result) {
  return counted(result, [&](const BlockResult& b) { return detail::wrong_entries(result, b); });
}

std::string worst_of(const Result& result) {
  for (const Component& c : result.worst()) {
    if (detail::word_of(result, c).verdict == Verdict::fail) return readable(to_string(c.key));
  }
  return {};
}

std::string of_fail(const Result& result) {
  if (!std::isfinite(result.cost)) {
    return fmt::format("J is {} at this theta: there is nothing to hold a gradient against.",
                       result.cost);
  }
  const bool lost = std::ranges::all_of(
      result.causes, [](const Cause& c) { return c.pattern == Pattern::lost_step; });
  if (lost && !result.causes.empty()) {
    return fmt::format(
        "This says nothing of the gradient: epsilon {:.3g} is lost in theta, so that no difference "
        "was taken.",
        result.epsilon);
  }
  const bool no_value = std::ranges::all_of(result.causes, [](const Cause& c) {
    return c.pattern == Pattern::not_finite && !std::isfinite(c.amount);
  });
  if (no_value && !result.causes.empty() &&
      std::ranges::all_of(result.analytic, [](double g) { return std::isfinite(g); })) {
    return "This says nothing of the gradient: J has no finite value beside theta, so that no "
           "difference was taken there.";
  }
  const Count count = wrong(result);
  const std::string worst = worst_of(result);
  const std::string where =
      count.entries == 0
          ? ""
          : fmt::format(" in {}{}", count.where(),
                        worst.empty() || count.of == 1 ? "" : "; the worst is " + worst);
  if (result.method == Method::comparison) {
    return fmt::format("The two gradients differ: {} are outside the tolerance{}.", count.text(),
                       where);
  }
  if (result.method == Method::textbook) {
    return fmt::format(
        "The gradient is wrong: the difference is {:.3g}; by themselves {} are off by more than "
        "noise{}.",
        result.difference.value, count.text(), where);
  }
  if (count.entries == 0) {
    // Of a part of theta the first note says what contradicts; no entry has a cause.
    const bool caused = !result.causes.empty() && !(result.sampled && !result.notes.empty());
    const std::string why = caused                  ? result.causes.front().sentence
                            : !result.notes.empty() ? result.notes.front()
                                                    : "no entry alone shows it";
    return fmt::format("The check fails: {}.", readable(why));
  }
  return fmt::format("The gradient is wrong: {} contradict{} the differences of J,{}.",
                     count.text(), count.entries == 1 ? "s" : "", where);
}

std::size_t measured_entries(const Result& result) {
  std::size_t measured = 0;
  for (const BlockResult& block : result.blocks) {
    measured += block.sight ? block.sight->measured : block.size;
  }
  return measured;
}

/// Entries of a block that is open because too little was seen of it.
std::size_t hidden(const BlockResult& block) {
  return block.sight && block.verdict == Verdict::inconclusive ? block.size : 0;
}

std::string of_inconclusive(const Result& result) {
  const std::string cannot = result.method == Method::comparison
                                 ? "Nothing can be said of these gradients: "
                                 : "This check cannot tell whether the gradient is right: ";
  if (!result.complete) return cannot + "it was stopped before it had seen every entry.";
  if (!result.deterministic) return cannot + "J gives other values for the same theta.";
  const bool measured = !detail::has_sights(result) || measured_entries(result) > 0;
  if (measured && !result.difference.exercised) {
    return cannot + "both sides are zero everywhere, so that every bug is hidden.";
  }
  const Count open = counted(result, [](const BlockResult& b) { return b.inconclusive; });
  if (open.entries > 0) {
    return fmt::format("{}{} {} open, in {}.", cannot, open.text(),
                       open.entries == 1 ? "is" : "are", open.where());
  }
  if (result.method == Method::textbook && result.band == Band::double_check) {
    return fmt::format("{}the difference {:.3g} lies between 1e-7 and 1e-5.", cannot,
                       result.difference.value);
  }
  if (const Count unseen = counted(result, [](const BlockResult& b) { return hidden(b); });
      unseen.entries > 0) {
    return fmt::format("{}the budget was not enough to see errors in {}.", cannot, unseen.where());
  }
  if (!result.notes.empty()) return fmt::format("{}{}.", cannot, readable(result.notes.front()));
  return cannot + "the differences of J are not good enough.";
}

std::string of_pass(const Result& result) {
  std::size_t entries = 0;
  for (const BlockResult& block : result.blocks) entries += block.size;
  if (result.method == Method::comparison) {
    return fmt::format("The two gradients agree: in every block to {:.3g}.", result.tolerance);
  }
  if (result.method == Method::textbook) {
    const Count count = wrong(result);
    if (count.entries == 0) return "The gradient passes: the difference is at most 1e-7.";
    return fmt::format(
        "The gradient passes as a whole, but by themselves {} are off by more than noise in {}.",
        count.text(), count.where());
  }
  const std::string where = entries == 1 ? "its one entry"
                            : detail::has_sights(result)
                                ? fmt::format("{} of {} entries and along directions of each block",
                                              measured_entries(result), entries)
                            : result.sampled
                                ? fmt::format("the {} entries that were drawn", entries)
                                : fmt::format("all {} entries", entries);
  return fmt::format(
      "The gradient agrees with the differences of J in {}, to {:.3g} of a block's largest.", where,
      result.tolerance);
}

/// The verdict that follows from the band and nothing else.
bool rests_on_band(const Result& result) {
  if (result.method != Method::textbook) return false;
  const bool passes = result.band == Band::excellent;
  const bool open = result.band == Band::double_check;
  return result.verdict == (passes ? Verdict::pass
                            : open ? Verdict::inconclusive
                                   : Verdict::fail) &&
         (passes || open || std::isfinite(result.difference.value));
}

}  // namespace

std::string headline(const Result& result) {
  if (result.verdict == Verdict::fail) return of_fail(result);
  return result.verdict == Verdict::pass ? of_pass(result) : of_inconclusive(result);
}

std::string band_words(const Result& result) {
  if (rests_on_band(result)) {
    return fmt::format("{}: {}", to_string(result.band), advice(result.band));
  }
  if (!result.difference.exercised) return "of nothing: both sides are zero, or not measured";
  return fmt::format("the courses' name for it: {}", to_string(result.band));
}

}  // namespace dtheta::gradcheck
