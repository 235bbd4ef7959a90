#include "gradcheck/bridge/wrong_op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <optional>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/blame/local_difference.hpp"
#include "gradcheck/bridge/blame/reverse_walk.hpp"
#include "gradcheck/bridge/blame/rule_trial.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/multi_index.hpp"
#include "gradcheck/bridge/source_line.hpp"

namespace dtheta::gradcheck {
namespace {

using Visit = ReverseWalk::Visit;
using Taken = ReverseWalk::Taken;

/// Everything that the trials need, from one replay.
Workspace<double> replayed(Tape& tape, const ReverseWalk& walk, const LeafLayout& layout,
                           std::span<const double> theta) {
  std::vector<Var> outputs;
  for (const Visit& visit : walk.visits()) {
    outputs.push_back(visit.cotangent);
    for (const std::uint32_t in : tape.inputs(visit.node)) outputs.emplace_back(tape, in);
    for (const Taken& taken : visit.taken) {
      if (taken.cotangent.exists()) outputs.push_back(taken.cotangent);
    }
  }
  Workspace<double> ws{Plan(outputs)};
  layout.set(ws, theta);
  ws.run();
  return ws;
}

bool all_zero(std::span<const double> c) {
  return std::ranges::all_of(c, [](double v) { return v == 0.0; });
}

bool all_finite(std::span<const double> c) {
  return std::ranges::all_of(c, [](double v) { return std::isfinite(v); });
}

/// What an op takes, each value once.
struct Operands {
  std::vector<std::uint32_t> nodes;
  std::vector<std::size_t> which;  // of each operand, its place among them
  std::vector<Tensor> values;

  [[nodiscard]] std::size_t place_of(std::uint32_t node) const {
    return static_cast<std::size_t>(std::ranges::find(nodes, node) - nodes.begin());
  }
};

Operands operands_of(Tape& tape, std::uint32_t node, const Workspace<double>& ws) {
  Operands o;
  for (const std::uint32_t in : tape.inputs(node)) {
    o.which.push_back(o.place_of(in));
    if (o.which.back() < o.nodes.size()) continue;
    o.nodes.push_back(in);
    o.values.push_back(ws.tensor({tape, in}));
  }
  return o;
}

/// The op alone, if it can be computed at these values: a spectrum may have no derivative there.
std::optional<LocalDifference> alone(const Node& node, const Operands& operands,
                                     std::span<const double> cotangent) try {
  return std::optional<LocalDifference>(std::in_place, *node.op, node.attributes, operands.values,
                                        operands.which, cotangent);
} catch (const std::exception&) {
  return {};
}

std::optional<RuleTrial::Element> wrong_element(LocalDifference& local, std::size_t value,
                                                std::span<const double> x,
                                                std::span<const double> rule,
                                                std::uint32_t node) try {
  return RuleTrial(local, value, x, rule, node).wrong_element();
} catch (const std::exception&) {
  return {};  // beside these values the op cannot be computed: nothing was measured
}

void try_op(Tape& tape, const Visit& visit, const Workspace<double>& ws,
            std::vector<WrongOp>& found) {
  const Node& node = tape.node(visit.node);
  const auto cotangent = ws[visit.cotangent];
  if (all_zero(cotangent) || !all_finite(cotangent)) return;
  const Operands operands = operands_of(tape, visit.node, ws);
  std::optional<LocalDifference> local = alone(node, operands, cotangent);
  if (!local) return;
  for (const Taken& taken : visit.taken) {
    const auto x = ws[Var(tape, taken.node)];
    const std::vector<double> nothing(taken.cotangent.exists() ? 0 : x.size(), 0.0);
    const std::span<const double> rule =
        taken.cotangent.exists() ? ws[taken.cotangent] : std::span<const double>(nothing);
    const auto element = wrong_element(*local, operands.place_of(taken.node), x, rule, visit.node);
    if (!element) continue;
    const Shape& shape = tape.node(taken.node).type->shape;
    found.push_back({std::string(node.op->info.name),
                     visit.node,
                     node.where,
                     taken.operands,
                     shape,
                     multi_index(shape, element->index),
                     element->rule,
                     element->difference,
                     element->bar,
                     element->weight,
                     {}});
  }
}

WrongOp unusable(const Tape& tape, const ReverseWalk::Broken& broken) {
  const Node& node = tape.node(broken.node);
  const auto k = static_cast<std::size_t>(broken.operand);
  WrongOp wrong{std::string(node.op->info.name),
                broken.node,
                node.where,
                {broken.operand},
                tape.node(tape.inputs(broken.node)[k]).type->shape};
  wrong.failure = broken.failure;
  return wrong;
}

}  // namespace

std::string WrongOp::sentence() const {
  std::string text =
      fmt::format("the rule of {} (record {}, {}) is wrong for operand{} {} of shape {}: ", op,
                  node, source_line(where), operands.size() > 1 ? "s" : "",
                  fmt::join(operands, ", "), to_string(shape));
  if (!failure.empty()) return text + failure;
  const double ratio = analytic / numeric;
  text +=
      fmt::format("for element [{}] it gives {:.9g}, a difference of the op alone {:.9g} +- {:.1g}",
                  fmt::join(at, ", "), analytic, numeric, bar);
  if (std::isfinite(ratio) && ratio != 0.0) text += fmt::format(" (ratio {:.6g})", ratio);
  return text;
}

std::vector<WrongOp> find_wrong_ops(Var cost, std::span<const Var> leaves,
                                    std::span<const double> theta) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  Tape& tape = cost.tape();
  const Tape::Scratch scratch(tape);
  const ReverseWalk walk(cost, leaves);
  std::vector<WrongOp> found;
  if (!walk.visits().empty()) {
    const Workspace<double> ws = replayed(tape, walk, layout, theta);
    for (const Visit& visit : walk.visits()) try_op(tape, visit, ws, found);
  }
  std::ranges::stable_sort(found, std::greater<>(), &WrongOp::weight);
  for (const ReverseWalk::Broken& broken : walk.broken()) found.push_back(unusable(tape, broken));
  return found;
}

}  // namespace dtheta::gradcheck
