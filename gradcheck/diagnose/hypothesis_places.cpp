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
  cause.sentence = fmt::format("only {}{} {} wrong: one {} of the layer", rows ? "row" : "column",
                               (lines.size() == 1 ? " " : "s ") + listed(lines),
                               lines.size() == 1 ? "is" : "are", rows ? "output" : "input");
  const std::string why = explanation(e, members, cause.amount);
  if (!why.empty()) cause.confidence = 0.9;
  cause.sentence += why;
  // Chance puts two wrong entries on one line of few.
  if (lines.size() * 3 > count) cause.confidence *= 0.8;
  causes.push_back(std::move(cause));
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
  if (wrong.size() == 1) {
    const std::size_t i = wrong.front();
    causes.push_back(
        {Pattern::one_entry, e.analytic[i] - e.numeric[i], 0.9,
         fmt::format("one entry of {} is wrong (row {}, column {}), by {:.3g}: an "
                     "index, an edge case or a write to the wrong place",
                     e.size(), i / e.columns, i % e.columns, e.analytic[i] - e.numeric[i])});
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
