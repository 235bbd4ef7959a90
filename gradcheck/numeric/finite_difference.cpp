#include "gradcheck/numeric/finite_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

// Probes are asked for in batches of about this many, so that memory does not grow with θ.
constexpr std::size_t batch_probes = 4096;

constexpr std::array<StencilTerm, 2> forward_terms{{{0, -1.0}, {1, 1.0}}};
constexpr std::array<StencilTerm, 2> backward_terms{{{-1, -1.0}, {0, 1.0}}};
constexpr std::array<StencilTerm, 2> central2_terms{{{-1, -1.0 / 2.0}, {1, 1.0 / 2.0}}};
constexpr std::array<StencilTerm, 4> central4_terms{
    {{-2, 1.0 / 12.0}, {-1, -2.0 / 3.0}, {1, 2.0 / 3.0}, {2, -1.0 / 12.0}}};
constexpr std::array<StencilTerm, 6> central6_terms{{{-3, -1.0 / 60.0},
                                                     {-2, 3.0 / 20.0},
                                                     {-1, -3.0 / 4.0},
                                                     {1, 3.0 / 4.0},
                                                     {2, -3.0 / 20.0},
                                                     {3, 1.0 / 60.0}}};
constexpr std::array<StencilTerm, 8> central8_terms{{{-4, 1.0 / 280.0},
                                                     {-3, -4.0 / 105.0},
                                                     {-2, 1.0 / 5.0},
                                                     {-1, -4.0 / 5.0},
                                                     {1, 4.0 / 5.0},
                                                     {2, -1.0 / 5.0},
                                                     {3, 4.0 / 105.0},
                                                     {4, -1.0 / 280.0}}};

/// Σ weight·value / Σ weight·move. The weights sum to zero, so differences to the first value are
/// taken before they are weighted: that loses nothing and keeps large constants out of the sum.
double combine(std::span<const StencilTerm> terms, std::span<const double> values,
               std::span<const double> moves) {
  double rise = 0.0;
  double run = 0.0;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    rise += terms[k].weight * (values[k] - values[0]);
    run += terms[k].weight * moves[k];
  }
  return rise / run;
}

ProbeEvaluator probes_of(const ScalarFunction& f) {
  return [&f](std::span<const Probe> probes, std::span<double> answers) {
    for (std::size_t i = 0; i < probes.size(); ++i) answers[i] = f(probes[i].value);
  };
}

void require_moved(double x, double step) {
  if (x + step != x && x - step != x) return;
  throw OptionError(fmt::format("step: {} is lost when it is added to {}; take at least {:.2g}",
                                step, x,
                                4.0 * std::numeric_limits<double>::epsilon() * std::abs(x)));
}

Extrapolation ridders(const std::function<double(double)>& two_sided, double step) {
  constexpr std::size_t rows = 10;
  constexpr double ratio2 = 4.0;  // each step is half the one before: r² = 4
  constexpr double worse = 2.0;   // a row this much worse than the best means noise has taken over
  std::array<double, rows> above{};
  Extrapolation best;
  best.error = std::numeric_limits<double>::infinity();
  for (std::size_t row = 0; row < rows; ++row, step /= 2.0) {
    std::array<double, rows> current{};
    current[0] = two_sided(step);
    best.evaluations += 2;
    best.step = step;
    if (row == 0) best.value = current[0];
    double factor = 1.0;
    for (std::size_t k = 1; k <= row; ++k) {
      // D' = (r^{2k} D(h/r) − D(h)) / (r^{2k} − 1)
      factor *= ratio2;
      current[k] = (factor * current[k - 1] - above[k - 1]) / (factor - 1.0);
      const double error =
          std::max(std::abs(current[k] - current[k - 1]), std::abs(current[k] - above[k - 1]));
      if (error <= best.error) {
        best.error = error;
        best.value = current[k];
      }
    }
    if (row > 0 && std::abs(current[row] - above[row - 1]) >= worse * best.error) break;
    above = current;
  }
  return best;
}

}  // namespace

void require_positive(const char* name, double number) {
  if (number > 0.0 && std::isfinite(number)) return;
  throw OptionError(
      fmt::format("{}: {} was given, but it must be positive and finite", name, number));
}

StencilRule rule_of(Stencil stencil) {
  switch (stencil) {
    case Stencil::forward:
      return {forward_terms, 1, 1.0 / 2.0, 2.0};
    case Stencil::backward:
      return {backward_terms, 1, 1.0 / 2.0, 2.0};
    case Stencil::central2:
      return {central2_terms, 2, 1.0 / 6.0, 1.0};
    case Stencil::central4:
      return {central4_terms, 4, 1.0 / 30.0, 3.0 / 2.0};
    case Stencil::central6:
      return {central6_terms, 6, 1.0 / 140.0, 11.0 / 6.0};
    case Stencil::central8:
      break;
  }
  return {central8_terms, 8, 1.0 / 630.0, 25.0 / 12.0};
}

std::vector<double> two_sided_difference(const ProbeEvaluator& evaluate,
                                         std::span<const double> theta, double epsilon) {
  require_positive("epsilon", epsilon);
  std::vector<double> gradient(theta.size());
  std::vector<Probe> probes;
  std::vector<double> answers;
  for (std::size_t first = 0; first < theta.size(); first += batch_probes / 2) {
    const std::size_t last = std::min(theta.size(), first + batch_probes / 2);
    probes.clear();
    for (std::size_t i = first; i < last; ++i) {
      probes.push_back({i, theta[i] + epsilon});
      probes.push_back({i, theta[i] - epsilon});
    }
    answers.resize(probes.size());
    evaluate(probes, answers);
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t at = 2 * (i - first);
      gradient[i] = (answers[at] - answers[at + 1]) / (2.0 * epsilon);
    }
  }
  return gradient;
}

std::vector<double> two_sided_difference(const Cost& cost, std::span<const double> theta,
                                         double epsilon) {
  return two_sided_difference(ProbeEvaluator(CostProbes(cost, theta)), theta, epsilon);
}

double two_sided_difference(const ScalarFunction& f, double x, double epsilon) {
  return two_sided_difference(probes_of(f), std::span(&x, 1), epsilon).front();
}

std::vector<double> finite_difference(const ProbeEvaluator& evaluate, std::span<const double> theta,
                                      double step, Stencil stencil) {
  require_positive("step", step);
  const auto terms = rule_of(stencil).terms;
  const std::size_t width = terms.size();
  const std::size_t batch = std::max<std::size_t>(1, batch_probes / width);
  std::vector<double> gradient(theta.size());
  std::vector<Probe> probes;
  std::vector<double> answers;
  std::vector<double> moves(width);
  for (std::size_t first = 0; first < theta.size(); first += batch) {
    const std::size_t last = std::min(theta.size(), first + batch);
    probes.clear();
    for (std::size_t i = first; i < last; ++i) {
      require_moved(theta[i], step);
      for (const StencilTerm& term : terms) probes.push_back({i, theta[i] + term.offset * step});
    }
    answers.resize(probes.size());
    evaluate(probes, answers);
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t at = (i - first) * width;
      for (std::size_t k = 0; k < width; ++k) moves[k] = probes[at + k].value - theta[i];
      gradient[i] = combine(terms, std::span(answers).subspan(at, width), moves);
    }
  }
  return gradient;
}

std::vector<double> finite_difference(const Cost& cost, std::span<const double> theta, double step,
                                      Stencil stencil) {
  return finite_difference(ProbeEvaluator(CostProbes(cost, theta)), theta, step, stencil);
}

double finite_difference(const ScalarFunction& f, double x, double step, Stencil stencil) {
  return finite_difference(probes_of(f), std::span(&x, 1), step, stencil).front();
}

double directional_derivative(const Cost& cost, std::span<const double> theta,
                              std::span<const double> direction, double step, Stencil stencil) {
  if (direction.size() != theta.size()) {
    throw ShapeError(fmt::format("direction: it has {} entries, but theta has {}", direction.size(),
                                 theta.size()));
  }
  std::vector<double> moved(theta.size());
  const ScalarFunction along = [&](double t) {
    for (std::size_t i = 0; i < theta.size(); ++i) moved[i] = theta[i] + t * direction[i];
    return cost(moved);
  };
  return finite_difference(along, 0.0, step, stencil);
}

Extrapolation richardson(const ScalarFunction& f, double x, double step) {
  return richardson(probes_of(f), std::span(&x, 1), 0, step);
}

Extrapolation richardson(const ProbeEvaluator& evaluate, std::span<const double> theta,
                         std::size_t index, double step) {
  require_positive("step", step);
  if (index >= theta.size()) {
    throw ShapeError(fmt::format("richardson: there is no entry {} in a theta of {} entries", index,
                                 theta.size()));
  }
  const double x = theta[index];
  require_moved(x, step);
  return ridders(
      [&](double h) {
        const std::array<Probe, 2> probes{{{index, x + h}, {index, x - h}}};
        std::array<double, 2> answers{};
        evaluate(probes, answers);
        return (answers[0] - answers[1]) / (probes[0].value - probes[1].value);
      },
      step);
}

}  // namespace dtheta::gradcheck
