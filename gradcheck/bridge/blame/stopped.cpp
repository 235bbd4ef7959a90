#include "gradcheck/bridge/blame/stopped.hpp"

#include <algorithm>
#include <cmath>

#include "gradcheck/bridge/blame/reverse_walk.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr std::size_t most_cuts = 16;  // that are tried one by one

/// The gradient with all cuts open, or with one of them closed.
std::vector<double> gradient(Var cost, const LeafLayout& layout, std::span<const double> theta,
                             std::uint32_t but) {
  const Tape::Scratch scratch(cost.tape());
  const ReverseWalk walk(cost, layout.leaves(), ReverseWalk::Cuts::open, but);
  std::vector<double> g(layout.size(), 0.0);
  std::vector<Var> outputs;
  for (const Var x : layout.leaves()) {
    if (const Var c = walk.cotangent_of(x); c.exists()) outputs.push_back(c);
  }
  if (outputs.empty() || !walk.broken().empty()) return g;
  Workspace<double> ws{Plan(outputs)};
  layout.set(ws, theta);
  ws.run();
  for (std::size_t k = 0; k < layout.leaves().size(); ++k) {
    const Var c = walk.cotangent_of(layout.leaves()[k]);
    if (!c.exists()) continue;
    std::ranges::copy(ws[c], g.begin() + static_cast<std::ptrdiff_t>(layout.offset(k)));
  }
  return g;
}

/// Marks the records that a cost is computed from.
std::vector<char> behind(Var cost) {
  const Tape& tape = cost.tape();
  std::vector<char> needed(cost.index() + 1, 0);
  needed[cost.index()] = 1;
  for (std::uint32_t i = cost.index() + 1; i-- > 0;) {
    if (!needed[i]) continue;
    for (const std::uint32_t in : tape.inputs(i)) needed[in] = 1;
  }
  return needed;
}

bool differ(std::span<const double> a, std::span<const double> b) {
  constexpr double roundings = 0x1p-40;
  double size = 0, apart = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    size = std::max({size, std::abs(a[i]), std::abs(b[i])});
    apart = std::max(apart, std::abs(a[i] - b[i]));
  }
  return apart > roundings * size;
}

}  // namespace

Unstopped unstopped_gradient(Var cost, std::span<const Var> leaves, std::span<const double> theta) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  Tape& tape = cost.tape();
  const std::vector<char> depends = dependents(cost, leaves);
  const std::vector<char> needed = behind(cost);
  std::vector<std::uint32_t> cuts;
  for (std::uint32_t i = 0; i <= cost.index(); ++i) {
    if (needed[i] && depends[i] && cuts_derivative(tape, i)) cuts.push_back(i);
  }
  Unstopped result;
  if (cuts.empty()) return result;
  result.gradient = gradient(cost, layout, theta, Node::none);
  for (std::size_t k = 0; k < std::min(cuts.size(), most_cuts); ++k) {
    if (!differ(result.gradient, gradient(cost, layout, theta, cuts[k]))) continue;
    const Node& node = tape.node(cuts[k]);
    result.cuts.push_back({std::string(node.op->info.name), cuts[k], node.where});
  }
  return result;
}

}  // namespace dtheta::gradcheck
