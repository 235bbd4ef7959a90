#include "gradcheck/diagnose/hypothesis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace dtheta::gradcheck::detail {
namespace {

double residual(const Evidence& e, std::size_t i) { return e.analytic[i] - e.numeric[i]; }

double largest(const Evidence& e, std::span<const double> values) {
  double most = 0.0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (e.usable[i]) most = std::max(most, std::abs(values[i]));
  }
  return most;
}

/// Rounding that any comparison of sizes like these has.
double rounding_of(const Evidence& e) {
  return 8.0 * std::numeric_limits<double>::epsilon() *
         std::max(largest(e, e.analytic), largest(e, e.numeric));
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

void suspect_not_finite(const Evidence& e, std::vector<Cause>& causes) {
  std::size_t bad = 0;
  std::size_t first = 0;
  for (std::size_t i = e.size(); i-- > 0;) {
    if (std::isfinite(e.analytic[i])) continue;
    ++bad;
    first = i;
  }
  if (bad == 0) return;
  causes.push_back(
      {Pattern::not_finite, e.analytic[first], 1.0,
       fmt::format("{} of {} entries are {} (the first in row {}, column {}) although "
                   "the right one is finite there: an overflow, a division by zero, or a "
                   "buffer that was never written",
                   bad, e.size(), e.analytic[first], first / e.columns, first % e.columns)});
}

void suspect_factor(const Evidence& e, std::vector<Cause>& causes) {
  const double factor = ratio_of(e, e.analytic, e.numeric);
  const auto guess = combined(e, factor, e.numeric, 0.0, e.numeric);
  const Fit fit = fit_of(e, guess, std::max(1.0, std::abs(factor)));
  const double size = largest(e, e.numeric);
  const double uncertainty = size > 0.0 ? 2.0 * largest(e, e.bar) / size : 0.0;
  if (largest(e, e.analytic) == 0.0) {
    causes.push_back(
        {Pattern::zero, 0.0, 0.99,
         "the gradient is zero where the right one is not: it was never computed, never "
         "propagated to this block, or masked away"});
    return;
  }
  const NamedFactor name = name_factor(factor, uncertainty, e.hints->examples);
  const double confidence = confidence_of(fit, 1, name.named);
  if (confidence == 0.0) return;
  const bool sign = name.named && std::abs(factor + 1.0) <= uncertainty + 1e-6;
  causes.push_back(
      {sign ? Pattern::sign : Pattern::factor, factor, confidence,
       fmt::format("the gradient is {} times the right one: {}", name.text, name.meaning)});
}

/// What a coefficient c of θ (or sign θ) in g − ĝ means, given the λ that J has, if it is known.
std::string meaning_of_term(double c, double lambda, std::string_view term) {
  const auto is = [&](double multiple) {
    return lambda > 0.0 && std::abs(c - multiple * lambda) <= 1e-2 * lambda;
  };
  if (is(-1.0)) return fmt::format("the {} term with lambda = {:.4g} is missing", term, lambda);
  if (is(1.0))
    return fmt::format("the {} term with lambda = {:.4g} is counted twice", term, lambda);
  if (is(-0.5)) {
    return fmt::format(
        "the {} term has half its size: J uses another convention (lambda/2) than "
        "the gradient",
        term);
  }
  if (is(-2.0)) return fmt::format("the {} term has the wrong sign", term);
  if (c < 0.0) {
    return fmt::format(
        "an {} term of J with lambda about {:.4g} is missing from the gradient, or "
        "smaller there",
        term, -c);
  }
  return fmt::format(
      "the gradient has an {} term with lambda about {:.4g} more than J has: counted "
      "twice, another convention (lambda against lambda/2), or a block that J does "
      "not regularise",
      term, c);
}

void suspect_term(const Evidence& e, Pattern pattern, std::span<const double> term,
                  std::string_view name, double lambda, std::vector<Cause>& causes) {
  if (largest(e, term) == 0.0) return;
  const auto r = residuals(e);
  const double c = ratio_of(e, r, term);
  const Fit fit = fit_of(e, combined(e, 1.0, e.numeric, c, term));
  const double confidence = confidence_of(fit, 1, lambda > 0.0);
  if (confidence == 0.0) return;
  causes.push_back({pattern, c, confidence,
                    fmt::format("analytic minus numeric is {:.4g} times {}: {}", c,
                                pattern == Pattern::l2 ? "theta" : "sign(theta)",
                                meaning_of_term(c, lambda, name))});
}

void suspect_penalties(const Evidence& e, std::vector<Cause>& causes) {
  suspect_term(e, Pattern::l2, e.theta, "L2", e.hints->l2, causes);
  std::vector<double> sign(e.size());
  for (std::size_t i = 0; i < e.size(); ++i) {
    sign[i] = e.theta[i] > 0.0 ? 1.0 : (e.theta[i] < 0.0 ? -1.0 : 0.0);
  }
  suspect_term(e, Pattern::l1, sign, "L1", e.hints->l1, causes);
}

}  // namespace

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

NamedFactor name_factor(double factor, double uncertainty, std::size_t examples) {
  struct Known {
    double value;
    const char* text;
    const char* meaning;
  };
  static constexpr std::array<Known, 6> known{{
      {-1.0, "-1", "a sign is wrong (minus the gradient, or target and prediction exchanged)"},
      {2.0, "2", "accumulated twice, or the derivative of a square whose 1/2 was forgotten"},
      {0.5, "1/2", "a factor 2 of a square's derivative was forgotten, or one of two uses counted"},
      {-2.0, "-2", "a sign is wrong and something is counted twice"},
      {3.0, "3", "accumulated three times"},
      {4.0, "4", "counted twice, twice over"},
  }};
  const auto is = [&](double value) {
    return std::abs(factor - value) <= (uncertainty + 1e-6) * std::abs(value);
  };
  for (const Known& k : known) {
    if (is(k.value)) return {k.text, k.meaning, true};
  }
  if (examples > 1) {
    const auto m = static_cast<double>(examples);
    if (is(m)) {
      return {fmt::format("m = {}", examples),
              "the sum over the examples was not divided by their number", true};
    }
    if (is(1.0 / m)) {
      return {fmt::format("1/m (m = {})", examples),
              "the division by the number of examples was made twice", true};
    }
    if (is(m / (m - 1.0)) || is((m - 1.0) / m)) {
      return {factor > 1.0 ? "m/(m-1)" : "(m-1)/m", "one place divides by m, the other by m - 1",
              true};
    }
  }
  return {fmt::format("{:.9g}", factor), "a constant factor in this block's backward step", false};
}

void suspect_numbers(const Evidence& e, std::vector<Cause>& causes) {
  suspect_not_finite(e, causes);
  if (causes.empty()) suspect_factor(e, causes);
}

void suspect_terms(const Evidence& e, std::vector<Cause>& causes) {
  if (!e.theta.empty()) suspect_penalties(e, causes);
  const std::vector<double> ones(e.size(), 1.0);
  const double offset = ratio_of(e, residuals(e), ones);
  const Fit fit = fit_of(e, combined(e, 1.0, e.numeric, offset, ones));
  const double confidence = 0.9 * confidence_of(fit, 1, false);
  if (confidence == 0.0) return;
  causes.push_back({Pattern::offset, offset, confidence,
                    fmt::format("every entry is off by the same {:.4g}: something was added to the "
                                "whole block",
                                offset)});
}

}  // namespace dtheta::gradcheck::detail
