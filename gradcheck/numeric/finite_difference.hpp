#pragma once

#include <functional>
#include <span>
#include <vector>

#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck {

/// Which values of J a numeric derivative is made of.
enum class Stencil { forward, backward, central2, central4, central6, central8 };

/// One value J(θ + offset·h) with its weight.
struct StencilTerm {
  int offset = 0;
  double weight = 0.0;
};

/// J'(θ) ≈ Σ weight·J(θ + offset·h) / h, wrong by about truncation·h^order·J^(order+1) and by at
/// most noise_gain·ε_f/h, where ε_f bounds the noise of one value.
struct StencilRule {
  std::span<const StencilTerm> terms;
  int order = 0;
  double truncation = 0.0;
  double noise_gain = 0.0;  ///< ‖weights‖₁
};

/// The rule of a stencil. Fornberg, "Generation of finite difference formulas on arbitrarily spaced
/// grids", Math. Comp. 51 (1988).
StencilRule rule_of(Stencil stencil);

/// A function of one number.
using ScalarFunction = std::function<double(double)>;

/// The textbook's estimate of every component, to the letter:
/// ĝ_i = (J(θ + ε e_i) − J(θ − ε e_i)) / 2ε. Throws OptionError unless ε is positive and finite.
std::vector<double> two_sided_difference(const ProbeEvaluator& evaluate,
                                         std::span<const double> theta, double epsilon = 1e-7);
std::vector<double> two_sided_difference(const Cost& cost, std::span<const double> theta,
                                         double epsilon = 1e-7);

/// The same for a cost of one number.
double two_sided_difference(const ScalarFunction& f, double x, double epsilon = 1e-7);

/// Every component by any stencil. The moves that the working precision really makes enter the
/// formula, not the step asked for. Throws OptionError unless `step` is positive and finite.
std::vector<double> finite_difference(const ProbeEvaluator& evaluate, std::span<const double> theta,
                                      double step, Stencil stencil);
std::vector<double> finite_difference(const Cost& cost, std::span<const double> theta, double step,
                                      Stencil stencil);

/// The same for a cost of one number. Throws OptionError also if the step is lost in x.
double finite_difference(const ScalarFunction& f, double x, double step, Stencil stencil);

/// The derivative of J(θ + t·direction) at t = 0; the step is in units of t.
/// Throws ShapeError if the direction has another length than θ, OptionError for a step as above.
double directional_derivative(const Cost& cost, std::span<const double> theta,
                              std::span<const double> direction, double step,
                              Stencil stencil = Stencil::central4);

/// A derivative extrapolated to step zero.
struct Extrapolation {
  double value = 0.0;
  double error = 0.0;  ///< an estimate, not a bound: it is now and then too small by orders
  double step = 0.0;   ///< smallest step used
  int evaluations = 0;
};

/// Richardson extrapolation of two-sided differences at step, step/2, step/4, ... stopped by
/// Ridders' rule as soon as noise makes the table worse. `step` should be large: J should vary
/// noticeably. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng. Softw. 4 (1982).
Extrapolation richardson(const ScalarFunction& f, double x, double step);

/// The same for one component of J's gradient.
Extrapolation richardson(const ProbeEvaluator& evaluate, std::span<const double> theta,
                         std::size_t index, double step);

/// Throws OptionError that calls the number `name` unless it is positive and finite.
void require_positive(const char* name, double number);

}  // namespace dtheta::gradcheck
