#include "gradcheck/diagnose/hypothesis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace dtheta::gradcheck::detail {
namespace {

double residual(const Evidence& e, std::size_t i) { return e.analytic[i] - e.numeric[i]; }

/// Rounding that any comparison of sizes like these has.
double rounding_of(const Evidence& e) {
  return 8.0 * std::numeric_limits<double>::epsilon() *
         std::max(largest(e, e.analytic), largest(e, e.numeric));
}

void suspect_not_finite(const Evidence& e, std::vector<Cause>& causes) {
  std::size_t bad = 0, unknown = 0;  // of the gradient; of these, where J has no difference either
  std::size_t first = 0;
  for (std::size_t i = e.size(); i-- > 0;) {
    if (std::isfinite(e.analytic[i])) continue;
    ++bad;
    if (!std::isfinite(e.numeric[i])) ++unknown;
    first = i;
  }
  if (bad == 0) return;
  const std::string right = unknown == bad ? "; J has no finite difference there either: look at J "
                                             "itself first"
                                           : " although the right one is finite there: an "
                                             "overflow, a division by zero, or a buffer that was "
                                             "never written";
  causes.push_back(
      {Pattern::not_finite, e.analytic[first], 1.0,
       fmt::format("{} of {} entries are {} (the first in row {}, column {}){}", bad, e.size(),
                   e.analytic[first], first / e.columns, first % e.columns, right)});
}

/// Nothing to compare with: whatever is said of the gradient would be made up.
void suspect_cost(const Evidence& e, std::vector<Cause>& causes) {
  const auto lost = static_cast<std::size_t>(
      std::ranges::count_if(e.numeric, [](double n) { return !std::isfinite(n); }));
  if (lost == 0) return;
  if (lost == e.size()) {
    causes.push_back({Pattern::not_finite, e.numeric[0], 0.97,
                      "J is not finite beside theta: every difference of it is NaN or infinite, so "
                      "that nothing says what is right; look at J itself first (an overflow, a "
                      "logarithm of 0, a value outside its domain)"});
    return;
  }
  std::size_t first = e.size();
  for (std::size_t i = e.size(); i-- > 0;) {
    if (!std::isfinite(e.numeric[i])) {
      first = i;
    } else if (std::abs(residual(e, i)) > e.bar[i]) {
      return;  // the gradient is wrong elsewhere, for a reason of its own
    }
  }
  causes.push_back(
      {Pattern::not_finite, e.numeric[first], 0.97,
       fmt::format(
           "J is not finite beside theta where {} of {} entries are moved (the first in row "
           "{}, column {}): no difference says what is right there, and nothing is held "
           "against the gradient; theta may be at the edge of J's domain, where the "
           "adaptive method stays on the side that has values",
           lost, e.size(), first / e.columns, first % e.columns)});
}

void suspect_factor(const Evidence& e, std::vector<Cause>& causes) {
  const double size = largest(e, e.numeric);
  if (largest(e, e.analytic) == 0.0) {
    if (size == 0.0) return;
    causes.push_back(
        {Pattern::zero, 0.0, 0.99,
         "the gradient is zero where the right one is not: it was never computed, never "
         "propagated to this block, or masked away"});
    return;
  }
  const double factor = ratio_of(e, e.analytic, e.numeric);
  const auto guess = combined(e, factor, e.numeric, 0.0, e.numeric);
  const Fit fit = fit_of(e, guess, std::max(1.0, std::abs(factor)));
  const double uncertainty = size > 0.0 ? 2.0 * largest(e, e.bar) / size : 0.0;
  const NamedFactor name = name_factor(factor, uncertainty, e.hints->examples);
  const double confidence = confidence_of(fit, 1, name.named);
  if (confidence == 0.0) return;
  const bool sign = name.named && std::abs(factor + 1.0) <= uncertainty + 1e-6;
  causes.push_back(
      {sign ? Pattern::sign : Pattern::factor, factor, confidence,
       fmt::format("the gradient is {} times the right one: {}", name.text, name.meaning)});
}

}  // namespace

double largest(const Evidence& e, std::span<const double> values) {
  double most = 0.0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (e.usable[i]) most = std::max(most, std::abs(values[i]));
  }
  return most;
}

std::vector<double> combined(const Evidence& e, double factor, std::span<const double> values,
                             double added, std::span<const double> term) {
  std::vector<double> sum(e.size());
  for (std::size_t i = 0; i < e.size(); ++i) sum[i] = factor * values[i] + added * term[i];
  return sum;
}

std::vector<double> residuals(const Evidence& e) {
  std::vector<double> r(e.size());
  for (std::size_t i = 0; i < e.size(); ++i) r[i] = residual(e, i);
  return r;
}

Fit fit_of(const Evidence& e, std::span<const double> guess, double slack) {
  Fit fit;
  double left = 0.0;
  double whole = 0.0;
  fit.within_bars = true;
  const double rounding = rounding_of(e);
  const double scale = largest(e, residuals(e));
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!e.usable[i]) continue;
    const double bar = 2.0 * slack * e.bar[i] + rounding;
    const double off = e.analytic[i] - guess[i];
    if (!(std::abs(off) <= bar)) fit.within_bars = false;
    if (std::abs(residual(e, i)) > e.bar[i]) ++fit.witnesses;
    if (scale == 0.0) continue;
    left += (off / scale) * (off / scale);
    whole += (residual(e, i) / scale) * (residual(e, i) / scale);
  }
  fit.remaining = whole > 0.0 ? std::sqrt(left / whole) : 1.0;
  return fit;
}

double confidence_of(const Fit& fit, std::size_t free_numbers, bool named) {
  // An explanation must take away nearly all of the residual; noise may leave some.
  constexpr double most_remaining = 0.3;
  if (fit.remaining > most_remaining || (!fit.within_bars && fit.remaining > 0.05)) return 0.0;
  double confidence = fit.within_bars ? 0.99 : 0.8;
  confidence *= 1.0 - fit.remaining;
  // As many free numbers as witnesses explain anything.
  const std::size_t proof = fit.witnesses > free_numbers ? fit.witnesses - free_numbers : 0;
  if (proof == 0) return confidence * (named ? 0.6 : 0.3);
  if (proof == 1) return confidence * (named ? 0.9 : 0.75);
  return confidence;
}

double ratio_of(const Evidence& e, std::span<const double> a, std::span<const double> b) {
  const double size = largest(e, b);
  if (size == 0.0) return 0.0;
  double above = 0.0;
  double below = 0.0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!e.usable[i]) continue;
    above += a[i] * (b[i] / size);
    below += b[i] * (b[i] / size);
  }
  return above / below;
}

void suspect_numbers(const Evidence& e, std::vector<Cause>& causes) {
  suspect_not_finite(e, causes);
  if (causes.empty()) suspect_cost(e, causes);
  if (causes.empty()) suspect_factor(e, causes);
}

}  // namespace dtheta::gradcheck::detail
