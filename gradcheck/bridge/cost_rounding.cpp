#include "gradcheck/bridge/cost_rounding.hpp"

#include <cmath>
#include <vector>

#include "gradcheck/bridge/blame/reverse_walk.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"

namespace dtheta::gradcheck {

double cost_rounding(Var cost, std::span<const Var> leaves, std::span<const double> theta) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  Tape& tape = cost.tape();
  const Tape::Scratch scratch(tape);
  const ReverseWalk walk(cost, leaves);
  if (walk.visits().empty()) return 0;
  std::vector<Var> outputs;
  for (const ReverseWalk::Visit& visit : walk.visits()) {
    outputs.push_back(visit.cotangent);
    outputs.emplace_back(tape, visit.node);
  }
  Workspace<double> ws{Plan(outputs)};
  layout.set(ws, theta);
  ws.run();
  double root = 0;
  for (const ReverseWalk::Visit& visit : walk.visits()) {
    const auto slope = ws[visit.cotangent], value = ws[Var(tape, visit.node)];
    for (std::size_t k = 0; k < value.size(); ++k) {
      const double effect = slope[k] * value[k];
      if (std::isfinite(effect)) root = std::hypot(root, effect);  // 0 times infinity: no effect
    }
  }
  return 0x1p-53 * root;
}

}  // namespace dtheta::gradcheck
