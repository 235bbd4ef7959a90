#include "gradcheck/parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/compare.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/modes/conduct.hpp"

namespace dtheta::gradcheck {
namespace {

// Parts and whole are summed in different orders, each over all examples.
constexpr double sum_margin = 256.0;

bool add_up(double sum, double size, double whole, double roundoff) {
  return std::abs(sum - whole) <= sum_margin * roundoff * std::max(size, std::abs(whole));
}

void compare_costs(const std::vector<Result>& results, const Cost& whole,
                   const ParameterVector& theta, PartsResult& out) {
  double sum = 0.0;
  double size = 0.0;
  for (const Result& result : results) {
    sum += result.cost;
    size += std::abs(result.cost);
  }
  const double all = whole(std::vector<double>(theta.values().begin(), theta.values().end()));
  constexpr double roundoff = std::numeric_limits<double>::epsilon() / 2.0;
  out.costs_add_up = add_up(sum, size, all, roundoff);
  if (out.costs_add_up) return;
  out.notes.push_back(
      fmt::format("the parts sum to {:.17g}, but the whole cost is {:.17g}: a part "
                  "is missing from one of them",
                  sum, all));
}

/// Which part the whole gradient has too often, too rarely or not at all.
void name_parts(const std::vector<Result>& results, std::span<const double> whole,
                const ParameterVector& theta, const Hints& hints, PartsResult& out) {
  ParameterVector gradient = theta;
  ParameterVector sum = theta;
  std::ranges::copy(whole, gradient.values().begin());
  std::ranges::fill(sum.values(), 0.0);
  CompareOptions options;
  options.hints = hints;
  for (std::size_t k = 0; k < results.size(); ++k) {
    for (std::size_t i = 0; i < theta.size(); ++i) sum.values()[i] += results[k].analytic[i];
    options.hints.suspects.push_back(
        {fmt::format("the gradient of {}", out.names[k]), results[k].analytic});
  }
  for (const Cause& cause : compare(gradient, sum, options).causes) {
    out.notes.push_back("the whole: " + cause.sentence);
  }
}

void compare_gradients(const std::vector<Result>& results, const Gradient& whole,
                       const ParameterVector& theta, double roundoff, const Hints& hints,
                       PartsResult& out) {
  const std::vector<double> all = whole.at(theta);
  std::vector<std::string> wrong;
  for (const Block& block : theta.blocks()) {
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      double sum = 0.0;
      double size = 0.0;
      for (const Result& result : results) {
        sum += result.analytic[i];
        size += std::abs(result.analytic[i]);
      }
      if (add_up(sum, size, all[i], roundoff)) continue;
      wrong.push_back(block.name);
      break;
    }
  }
  out.gradients_add_up = wrong.empty();
  if (wrong.empty()) return;
  out.notes.push_back(
      fmt::format("in {} the whole gradient is not the sum of its parts'", fmt::join(wrong, ", ")));
  name_parts(results, all, theta, hints, out);
}

}  // namespace

const Result& PartsResult::part(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw NameError(fmt::format("parts: no part is called {}", name));
  return results[static_cast<std::size_t>(found - names.begin())];
}

PartsResult check_parts(std::span<const CostPart> parts, const ParameterVector& theta,
                        const Options& options, const CostPart* whole) {
  detail::refuse_budget(options, "check_parts");
  if (parts.empty()) throw ShapeError("parts: none were given");
  PartsResult out;
  out.verdict = Verdict::pass;
  for (const CostPart& part : parts) {
    out.names.push_back(part.name);
    out.results.push_back(check(part.cost, part.gradient, theta, options));
    const Verdict verdict = out.results.back().verdict;
    if (verdict == Verdict::fail) out.verdict = Verdict::fail;
    if (verdict == Verdict::inconclusive && out.verdict == Verdict::pass) out.verdict = verdict;
    for (const Cause& cause : out.results.back().causes) {
      out.notes.push_back(fmt::format("{}: {}", part.name, cause.sentence));
    }
  }
  if (whole != nullptr) {
    compare_costs(out.results, whole->cost, theta, out);
    compare_gradients(out.results, whole->gradient, theta, options.gradient_roundoff, options.hints,
                      out);
    if (!out.costs_add_up || !out.gradients_add_up) out.verdict = Verdict::fail;
  }
  return out;
}

}  // namespace dtheta::gradcheck
