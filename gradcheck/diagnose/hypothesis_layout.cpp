// Hypotheses about where numbers ended up: transposed, permuted, summed, clipped, from elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// Appends the cause if the guess explains the block.
void propose(const Evidence& e, std::span<const double> guess, double doubt, Cause cause,
             std::vector<Cause>& causes, double slack = 1.0) {
  cause.confidence = doubt * confidence_of(fit_of(e, guess, slack), 0, false);
  if (cause.confidence > 0.0) causes.push_back(std::move(cause));
}

/// A bar that belongs to an entry no longer belongs to its place: the largest one stands for all.
double slack_of(const Evidence& e) {
  double least = 0.0;
  double most = 0.0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!e.usable[i]) continue;
    most = std::max(most, e.bar[i]);
    if (least == 0.0 || e.bar[i] < least) least = e.bar[i];
  }
  return least > 0.0 ? most / least : 1.0;
}

bool all_usable(const Evidence& e) {
  return std::ranges::all_of(e.usable, [](bool usable) { return usable; });
}

void suspect_transpose(const Evidence& e, std::vector<Cause>& causes) {
  if (e.rows < 2 || e.columns < 2) return;
  std::vector<double> guess(e.size());
  for (std::size_t r = 0; r < e.rows; ++r) {
    for (std::size_t c = 0; c < e.columns; ++c)
      guess[c * e.rows + r] = e.numeric[r * e.columns + c];
  }
  const bool square = e.rows == e.columns;
  propose(
      e, guess, 1.0,
      {Pattern::transposed, 0.0, 0.0,
       square ? "the gradient is the transpose of the right one"
              : fmt::format("the gradient is the transpose of the right one laid out as {} x {} "
                            "(reshaped where it had to be transposed)",
                            e.rows, e.columns)},
      causes, slack_of(e));
}

void suspect_rolls(const Evidence& e, std::vector<Cause>& causes) {
  std::vector<double> guess(e.numeric.rbegin(), e.numeric.rend());
  propose(e, guess, 0.98,
          {Pattern::permuted, 0.0, 0.0,
           "the right numbers in reverse order: a flip was forgotten, or "
           "one too many"},
          causes, slack_of(e));
  constexpr std::size_t most_rolls = 64;
  for (std::size_t by = 1; by < std::min(e.size(), most_rolls); ++by) {
    for (std::size_t i = 0; i < e.size(); ++i) guess[(i + by) % e.size()] = e.numeric[i];
    const bool rows = e.columns > 1 && by % e.columns == 0;
    propose(e, guess, 0.98,
            {Pattern::permuted, static_cast<double>(by), 0.0,
             rows ? fmt::format("the right rows, each {} rows too far down", by / e.columns)
                  : fmt::format("the right numbers, each {} places too far: an index is off", by)},
            causes, slack_of(e));
  }
}

/// The same numbers in any order: compared when both are sorted.
void suspect_any_order(const Evidence& e, std::vector<Cause>& causes) {
  if (e.size() < 3) return;
  std::vector<std::size_t> a(e.size());
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = i;
  std::vector<std::size_t> n = a;
  std::ranges::sort(a, {}, [&](std::size_t i) { return e.analytic[i]; });
  std::ranges::sort(n, {}, [&](std::size_t i) { return e.numeric[i]; });
  std::vector<double> guess(e.size());
  std::size_t moved = 0;
  double widest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    guess[a[i]] = e.numeric[n[i]];
    if (std::abs(e.analytic[a[i]] - e.numeric[a[i]]) > e.bar[a[i]]) ++moved;
    widest = std::max(widest, e.bar[i]);
  }
  // Values closer to each other than their error is large can be matched in any order.
  const double error = std::abs(e.analytic[a.front()] - e.numeric[n.front()]);
  if (error > 2.0 * widest || moved < 2) return;
  propose(
      e, guess, 0.9,
      {Pattern::permuted, 0.0, 0.0,
       fmt::format("the right numbers in another order; {} entries are not in their place", moved)},
      causes, slack_of(e));
}

void suspect_sum(const Evidence& e, bool along_rows, std::vector<Cause>& causes) {
  const std::size_t lines = along_rows ? e.rows : e.columns;
  const std::size_t length = along_rows ? e.columns : e.rows;
  if (length < 2) return;
  for (const bool mean : {false, true}) {
    std::vector<double> guess(e.size());
    for (std::size_t l = 0; l < lines; ++l) {
      double sum = 0.0;
      const auto at = [&](std::size_t k) {
        return along_rows ? l * e.columns + k : k * e.columns + l;
      };
      for (std::size_t k = 0; k < length; ++k) sum += e.numeric[at(k)];
      if (mean) sum /= static_cast<double>(length);
      for (std::size_t k = 0; k < length; ++k) guess[at(k)] = sum;
    }
    propose(e, guess, 1.0,
            {Pattern::summed, 0.0, 0.0,
             fmt::format("every {} holds the {} of the right one's entries: summed over the wrong "
                         "axis and broadcast back",
                         along_rows ? "row" : "column", mean ? "mean" : "sum")},
            causes, static_cast<double>(length) * slack_of(e));
  }
}

void suspect_clipping(const Evidence& e, std::vector<Cause>& causes) {
  double limit = 0.0;
  for (const double v : e.analytic) limit = std::max(limit, std::abs(v));
  std::vector<double> guess(e.numeric.begin(), e.numeric.end());
  std::size_t cut = 0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    guess[i] = std::clamp(guess[i], -limit, limit);
    if (guess[i] != e.numeric[i] && std::abs(e.analytic[i]) == limit) ++cut;
  }
  if (cut < 2) return;
  propose(e, guess, 0.98,
          {Pattern::clipped, limit, 0.0,
           fmt::format("{} entries are cut at {:.6g}: gradient clipping is part of what is checked",
                       cut, limit)},
          causes);
}

}  // namespace

void suspect_order(const Evidence& e, std::vector<Cause>& causes) {
  if (!all_usable(e) || e.size() < 2) return;
  suspect_transpose(e, causes);
  suspect_rolls(e, causes);
  if (causes.empty()) suspect_any_order(e, causes);
}

void suspect_sums(const Evidence& e, std::vector<Cause>& causes) {
  if (!all_usable(e)) return;
  suspect_sum(e, true, causes);
  suspect_sum(e, false, causes);
  suspect_clipping(e, causes);
}

namespace {

/// What c times a vector too much means, `times` being the factor with which it enters.
std::string amount_of(const std::string& name, double c, const NamedFactor& times, bool plain) {
  if (plain && c < 0.0) return name + " is missing";
  if (plain) return name + " is counted once too often";
  if (times.named) {
    return fmt::format("{} enters {} times, not once: {}", name, times.text, times.meaning);
  }
  return c > 0.0 ? fmt::format("the gradient holds {:.6g} times {} too much", c, name)
                 : fmt::format("{:.6g} times {} is missing", -c, name);
}

void suspect_vector(const Evidence& e, const NamedVector& suspect, Pattern alone, Pattern added,
                    std::vector<Cause>& causes) {
  const std::span<const double> v = suspect.values;
  propose(e, v, 1.0,
          {alone, 1.0, 0.0, fmt::format("the gradient is {} and nothing else", suspect.name)},
          causes);
  const auto residual = residuals(e);
  const double c = ratio_of(e, residual, v);
  const auto guess = combined(e, 1.0, e.numeric, c, v);
  const double size = largest(e, v);
  const double uncertainty = size > 0.0 ? 2.0 * largest(e, e.bar) / size : 1.0;
  const NamedFactor times = name_factor(1.0 + c, uncertainty, e.hints->examples);
  const bool plain = std::abs(std::abs(c) - 1.0) < 1e-3;  // missing, or once too often
  const double confidence = confidence_of(fit_of(e, guess), 1, plain || times.named);
  if (confidence == 0.0) return;
  causes.push_back({added, c, confidence, amount_of(suspect.name, c, times, plain)});
}

}  // namespace

void suspect_vectors(const Evidence& e, std::vector<Cause>& causes) {
  if (!e.previous.empty()) {
    const std::vector<double> values(e.previous.begin(), e.previous.end());
    suspect_vector(e, {"the gradient of the step before", values}, Pattern::stale,
                   Pattern::accumulated, causes);
  }
  // A penalty that is missing leaves the gradient of the rest: the penalty says more.
  const bool penalty = std::ranges::any_of(causes, [](const Cause& c) {
    return (c.pattern == Pattern::l1 || c.pattern == Pattern::l2) && c.confidence >= 0.9;
  });
  if (penalty) return;
  for (const NamedVector& suspect : e.suspects) {
    suspect_vector(e, suspect, Pattern::suspect, Pattern::suspect, causes);
  }
}

}  // namespace dtheta::gradcheck::detail
