// Hypotheses about terms of J: a penalty that is missing, halved or doubled, an offset.
#include <fmt/format.h>

#include <cmath>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// One penalty, as the hypothesis and the caller's hints have it.
struct Term {
  Pattern pattern;
  std::string_view name;    // "L2"
  std::string_view factor;  // "theta"
  double lambda = 0.0;      // that J has; 0 if not known
  std::string_view words;   // how it is made up; empty if not known
};

/// The λ of J as the caller knows it.
std::string lambda_of(const Term& term) {
  return term.words.empty() ? fmt::format("lambda = {:.4g}", term.lambda) : std::string(term.words);
}

/// A λ that was measured, also over m, because most courses write lambda/m.
std::string lambda_about(double c, std::size_t examples) {
  if (examples < 2) return fmt::format("lambda about {:.4g}", c);
  return fmt::format("lambda about {:.4g}, or lambda/m with lambda about {:.4g} (m = {})", c,
                     c * static_cast<double>(examples), examples);
}

/// What a coefficient c of θ (or sign θ) in g − ĝ means where J's own λ is known; empty for a
/// multiple of it that no slip makes.
std::string meaning_by_lambda(const Term& term, double c, std::size_t examples) {
  const double lambda = term.lambda;
  const auto is = [&](double multiple) {
    return lambda > 0.0 && std::abs(c - multiple * lambda) <= 1e-2 * std::abs(multiple) * lambda;
  };
  const auto m = static_cast<double>(examples);
  const std::string what = fmt::format("the {} term with {}", term.name, lambda_of(term));
  if (is(-1.0)) return what + " is missing";
  if (is(1.0)) return what + " is counted twice";
  if (is(-0.5)) {
    return what +
           " has half its size: J uses another convention than the gradient (lambda/2 "
           "against lambda)";
  }
  if (is(-2.0)) return what + " has the wrong sign";
  if (examples > 1 && is(m - 1.0))
    return fmt::format("{} is not divided by m = {}", what, examples);
  if (examples > 1 && is(1.0 / m - 1.0)) {
    return fmt::format("{} is divided by m = {} once too often", what, examples);
  }
  return {};
}

std::string meaning_of(const Term& term, double c, std::size_t examples) {
  if (term.lambda > 0.0) {
    return fmt::format("the {} term with {} enters {:.4g} times", term.name, lambda_of(term),
                       1.0 + c / term.lambda);
  }
  if (c < 0.0) {
    return fmt::format("an {} term of J with {} is missing from the gradient, or smaller there",
                       term.name, lambda_about(-c, examples));
  }
  return fmt::format(
      "the gradient has an {} term with {} more than J has: counted twice, another convention "
      "(lambda against lambda/2), or a block that J does not regularise",
      term.name, lambda_about(c, examples));
}

void suspect_term(const Evidence& e, const Term& term, std::span<const double> values,
                  std::vector<Cause>& causes) {
  if (largest(e, values) == 0.0) return;
  const double c = ratio_of(e, residuals(e), values);
  const Fit fit = fit_of(e, combined(e, 1.0, e.numeric, c, values));
  const std::string known = meaning_by_lambda(term, c, e.hints->examples);
  const double confidence = confidence_of(fit, 1, !known.empty());
  if (confidence == 0.0) return;
  causes.push_back({term.pattern, c, confidence,
                    fmt::format("analytic minus numeric is {:.4g} times {}: {}", c, term.factor,
                                known.empty() ? meaning_of(term, c, e.hints->examples) : known)});
}

void suspect_penalties(const Evidence& e, std::vector<Cause>& causes) {
  const Hints& hints = *e.hints;
  suspect_term(e, {Pattern::l2, "L2", "theta", hints.l2, hints.l2_words}, e.theta, causes);
  std::vector<double> sign(e.size());
  for (std::size_t i = 0; i < e.size(); ++i) {
    sign[i] = e.theta[i] > 0.0 ? 1.0 : (e.theta[i] < 0.0 ? -1.0 : 0.0);
  }
  suspect_term(e, {Pattern::l1, "L1", "sign(theta)", hints.l1, hints.l1_words}, sign, causes);
}

}  // namespace

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
