// Hypotheses about where a block is wrong: some rows, some columns, one entry.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// Evidence cut down to some rows or columns, with its own storage.
struct Part {
  std::vector<double> analytic, numeric, bar, theta;
  Evidence evidence;

  Part(const Evidence& e, const std::vector<std::size_t>& members) {
    for (const std::size_t i : members) {
      analytic.push_back(e.analytic[i]);
      numeric.push_back(e.numeric[i]);
      bar.push_back(e.bar[i]);
      if (!e.theta.empty()) theta.push_back(e.theta[i]);
      evidence.usable.push_back(e.usable[i]);
    }
    evidence.analytic = analytic;
    evidence.numeric = numeric;
    evidence.bar = bar;
    evidence.theta = theta;
    evidence.columns = members.size();
    evidence.hints = e.hints;
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;
};

std::vector<std::size_t> wrong_entries(const Evidence& e) {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (e.usable[i] && !(std::abs(e.analytic[i] - e.numeric[i]) <= e.bar[i])) wrong.push_back(i);
  }
  return wrong;
}

/// The best explanation of these entries alone, if there is one.
std::string explanation(const Evidence& e, const std::vector<std::size_t>& members,
                        double& amount) {
  const Part part(e, members);
  std::vector<Cause> causes;
  suspect_numbers(part.evidence, causes);
  suspect_terms(part.evidence, causes);
  const auto best = std::ranges::max_element(causes, {}, &Cause::confidence);
  if (best == causes.end() || best->confidence < 0.3) return {};
  amount = best->amount;
  return "; there " + best->sentence;
}

std::string listed(const std::set<std::size_t>& numbers) {
  constexpr std::size_t most = 6;
  if (numbers.size() <= most) return fmt::format("{}", fmt::join(numbers, ", "));
  const std::vector<std::size_t> first(numbers.begin(), std::next(numbers.begin(), most));
  return fmt::format("{} and {} more", fmt::join(first, ", "), numbers.size() - most);
}

void suspect_lines(const Evidence& e, const std::set<std::size_t>& lines, bool rows,
                   std::vector<Cause>& causes) {
  const std::size_t count = rows ? e.rows : e.columns;
  if (lines.empty() || 2 * lines.size() > count) return;
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (lines.contains(rows ? i / e.columns : i % e.columns)) members.push_back(i);
  }
  Cause cause{rows ? Pattern::few_rows : Pattern::few_columns, 0.0, 0.75, {}};
  const bool vector = e.rows == 1;
  const bool one = lines.size() == 1;
  cause.sentence =
      fmt::format("only {} {} {} wrong{}",
                  vector ? (one ? "entry" : "entries")
                         : fmt::format("{}{}", rows ? "row" : "column", one ? "" : "s"),
                  listed(lines), one ? "is" : "are",
                  vector ? "" : fmt::format(": one {} of the layer", rows ? "output" : "input"));
  const std::string why = explanation(e, members, cause.amount);
  if (!why.empty()) cause.confidence = 0.9;
  cause.sentence += why;
  // Chance puts two wrong entries on one line of few.
  if (lines.size() * 3 > count) cause.confidence *= 0.8;
  causes.push_back(std::move(cause));
}

/// Zero where θ is zero, right elsewhere: code that skips zeros.
bool suspect_skipped_zeros(const Evidence& e, const std::vector<std::size_t>& wrong,
                           std::vector<Cause>& causes) {
  if (e.theta.empty()) return false;
  const auto skipped = [&](std::size_t i) { return e.theta[i] == 0.0 && e.analytic[i] == 0.0; };
  const auto zeros = std::ranges::count(e.theta, 0.0);
  if (!std::ranges::all_of(wrong, skipped) || 2 * wrong.size() < static_cast<std::size_t>(zeros)) {
    return false;
  }
  const bool all = static_cast<std::size_t>(zeros) == e.size();
  if (all) return false;  // any zero gradient would look so
  causes.push_back({Pattern::zero, 0.0, wrong.size() > 1 ? 0.95 : 0.85,
                    fmt::format("the gradient is zero where theta is zero ({} {}), and right "
                                "elsewhere: code that leaves out zero parameters; J moves with "
                                "them all the same",
                                wrong.size(), wrong.size() == 1 ? "entry" : "entries")});
  return true;
}

/// One wrong entry among many, and what its factor is called.
Cause one_entry(const Evidence& e, std::size_t i) {
  const double off = e.analytic[i] - e.numeric[i];
  const double times = e.analytic[i] / e.numeric[i];
  const double uncertainty = e.bar[i] / std::max(std::abs(e.numeric[i]), std::abs(off));
  const NamedFactor name = std::isfinite(times) && uncertainty < 1e-4
                               ? name_factor(times, uncertainty, e.hints->examples)
                               : NamedFactor{};
  const std::string place = e.rows == 1 || e.columns == 1
                                ? fmt::format("entry {}", i)
                                : fmt::format("row {}, column {}", i / e.columns, i % e.columns);
  return {Pattern::one_entry, off, 0.9,
          fmt::format("one entry of {} is wrong ({}), by {:.3g}: {}", e.size(), place, off,
                      name.named
                          ? fmt::format("it is {} times the right one: {}", name.text, name.meaning)
                          : "an index, an edge case or a write to the wrong place")};
}

}  // namespace

void suspect_places(const Evidence& e, std::vector<Cause>& causes) {
  const auto wrong = wrong_entries(e);
  if (wrong.empty()) return;
  if (e.size() == 1) {
    const double times = e.analytic[0] / e.numeric[0];
    causes.push_back(
        {Pattern::one_entry, e.analytic[0] - e.numeric[0], 0.5,
         fmt::format(
             "its only entry is off by {:.3g}{}; one number alone does not say why",
             e.analytic[0] - e.numeric[0],
             std::isfinite(times) ? fmt::format(", {:.6g} times the right one", times) : "")});
    return;
  }
  if (suspect_skipped_zeros(e, wrong, causes)) return;
  if (wrong.size() == 1) {
    causes.push_back(one_entry(e, wrong.front()));
    return;
  }
  std::set<std::size_t> rows, columns;
  for (const std::size_t i : wrong) {
    rows.insert(i / e.columns);
    columns.insert(i % e.columns);
  }
  if (e.rows > 1) suspect_lines(e, rows, true, causes);
  if (e.columns > 1) suspect_lines(e, columns, false, causes);
}

}  // namespace dtheta::gradcheck::detail
