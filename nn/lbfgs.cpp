#include "nn/lbfgs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "autodiff/errors.hpp"
#include "nn/optimizers/lbfgs_search.hpp"

namespace dtheta::nn {
namespace {

double largest(std::span<const double> g) {
  double size = 0;
  for (double v : g) size = std::max(size, std::abs(v));
  return size;
}

}  // namespace

LbfgsResult minimize_lbfgs(const CostAndGradient& f, std::span<double> theta,
                           const LbfgsOptions& options) {
  if (options.memory < 1 || options.max_iterations < 0 || !(options.gradient_tolerance >= 0)) {
    throw ValueError(
        fmt::format("lbfgs: memory {} must be at least 1, max_iterations {} and gradient_tolerance "
                    "{} at least 0",
                    options.memory, options.max_iterations, options.gradient_tolerance));
  }
  detail::LbfgsSearch m(f, options.memory);
  m.start({theta.begin(), theta.end()});
  if (!std::isfinite(m.at().cost)) {
    throw ValueError(fmt::format("lbfgs: the cost at the start is {}", m.at().cost));
  }
  LbfgsResult result;
  const auto done = [&] { return largest(m.at().gradient) <= options.gradient_tolerance; };
  while (!done() && result.iterations < options.max_iterations) {
    if (!m.iterate()) break;
    ++result.iterations;
  }
  std::ranges::copy(m.at().theta, theta.begin());
  result.cost = m.at().cost;
  result.evaluations = m.evaluations();
  result.converged = done();
  return result;
}

OptimizerStep Lbfgs::operator()(std::span<const Var>, std::span<const Var>) const {
  throw StateError(
      "lbfgs: a step needs the cost at several points, which a gradient does not say: give it to a "
      "Trainer, or call minimize_lbfgs");
}

}  // namespace dtheta::nn
