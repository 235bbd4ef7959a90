#include <algorithm>
#include <cmath>

#include "autodiff/grad.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/cost_rounding.hpp"
#include "gradcheck/bridge/replay_oracle.hpp"
#include "tests/bridge/random_graphs.hpp"

namespace dtheta::gradcheck::test {
namespace {

/// What the rules give in quad.
std::vector<double> quad_gradient(const RandomGraph& graph) {
  const Tape::Scratch scratch(*graph.tape);
  const std::vector<Var> gradients = grad(graph.cost, vars_of(graph.leaves));
  Workspace<Quad> ws{Plan(gradients)};
  ws.run();
  std::vector<double> all;
  for (const Var g : gradients) {
    for (const Quad v : ws[g]) all.push_back(static_cast<double>(v));
  }
  return all;
}

/// Whether J is a constant, whose gradient in double is rounding.
bool is_rounding_alone(std::span<const double> g, std::span<const double> exact) {
  double size = 0, lost = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    size = std::max(size, std::abs(exact[i]));
    lost = std::max(lost, std::abs(g[i] - exact[i]));
  }
  return size < 1e-6 * lost;
}

}  // namespace

double error_of(const RandomGraph& graph) {
  const ParameterVector theta = parameters_of(graph.leaves);
  const ParameterVector g = gradient_of(graph.cost, graph.leaves, theta);
  const std::vector<Oracle> oracles =
      replay_oracles(graph.cost, vars_of(graph.leaves), theta.values());
  const Oracle& quad = *std::ranges::find(oracles, "quad", &Oracle::name);
  constexpr double roundings = 64;
  const double rounding =
      roundings * std::max(0x1p-53 * std::abs(graph.cost.item()),
                           cost_rounding(graph.cost, vars_of(graph.leaves), theta.values()));
  const std::vector<double> wide_g = quad_gradient(graph);
  if (is_rounding_alone(g.values(), wide_g)) return 0;
  double worst = 0;
  for (const Block& block : theta.blocks()) {
    double size = 0, error = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const double x = std::abs(theta.values()[i]);
      const WideSlope slope = quad.slope(i, std::exp2(std::floor(std::log2(x)) - 14));
      const double off = std::abs(g.values()[i] - slope.value);
      size = std::max(size, std::abs(slope.value));
      if (off * x > rounding && off > 2 * slope.spread &&
          off > 4 * std::abs(g.values()[i] - wide_g[i]))
        error = std::max(error, off);
    }
    if (error > 0) worst = std::max(worst, size > 0 ? error / size : 1.0);
  }
  return worst;
}

}  // namespace dtheta::gradcheck::test
