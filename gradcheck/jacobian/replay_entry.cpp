#include "gradcheck/jacobian/replay_entry.hpp"

#include <fmt/format.h>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/problem.hpp"

namespace dtheta::gradcheck {

ProbeReplay replay_entry(const VectorFunction& f, const Jacobian& jacobian,
                         const ParameterVector& x, std::size_t row, std::size_t column, double step,
                         const JacobianOptions& options) {
  const detail::JacobianProblem problem = detail::pose(f, jacobian, x, options);
  const std::size_t m = problem.outputs.size(), n = problem.x.size();
  if (row >= m || column >= n) {
    throw ShapeError(
        fmt::format("replay: there is no entry ({}, {}) in a Jacobian of {} outputs by "
                    "{} inputs",
                    row, column, m, n));
  }
  const detail::RowMatrix matrix = detail::read_jacobian(jacobian, x.values(), m, n);
  const std::size_t entry = matrix.find(row, column);
  std::vector<double> gradient(n, 0.0);
  if (entry < matrix.size()) gradient[column] = matrix.values[entry];
  const Cost cost = [&](std::span<const double> at) { return problem.f.at(at, m)[row]; };
  CostProbes probes(cost, problem.x.values());
  Options scalar;
  scalar.tolerance = options.held_to();
  scalar.gradient_roundoff = options.jacobian_roundoff;
  return replay_probe(std::ref(probes), std::span<const double>(gradient), problem.x, column, step,
                      scalar);
}

ProbeReplay replay_entry(const VectorFunction& f, const Jacobian& jacobian,
                         std::span<const double> x, std::size_t row, std::size_t column,
                         double step, const JacobianOptions& options) {
  ParameterVector named;
  named.add("x", 0, {x.size()}, x);
  return replay_entry(f, jacobian, named, row, column, step, options);
}

}  // namespace dtheta::gradcheck
