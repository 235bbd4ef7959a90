#include "gradcheck/bridge/wrong_op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/blame/glance.hpp"
#include "gradcheck/bridge/blame/local_difference.hpp"
#include "gradcheck/bridge/blame/reverse_walk.hpp"
#include "gradcheck/bridge/blame/rule_trial.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"
#include "gradcheck/bridge/multi_index.hpp"
#include "gradcheck/bridge/source_line.hpp"
#include "gradcheck/shared/team.hpp"

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

/// An op on the way, alone: what it takes, the cotangent that reached it, and what its rule gave to
/// each value.
class Trial {
 public:
  Trial(Tape& tape, const Visit& visit, const Workspace<double>& ws)
      : tape_(tape),
        visit_(visit),
        ws_(ws),
        cotangent_(ws[visit.cotangent]),
        idle_(all_zero(cotangent_) || !all_finite(cotangent_)) {}

  /// Nothing was handed down, or nothing that could be compared.
  [[nodiscard]] bool idle() const { return idle_; }

  /// The worst suspicion of its values, in double; infinite where nothing can be said.
  [[nodiscard]] double suspicion() const try {
    const Operands operands = operands_of(tape_, visit_.node, ws_);
    Glance glance(*node().op, node().attributes, operands.values, operands.which, cotangent_);
    double worst = 0.0;
    for (const Taken& taken : visit_.taken) {
      const Given given = given_to(taken);
      worst = std::max(worst, glance.suspicion(operands.place_of(taken.node), given.rule));
    }
    return worst;
  } catch (const std::exception&) {
    return std::numeric_limits<double>::infinity();
  }

  /// The values for which its rule is wrong.
  [[nodiscard]] std::vector<WrongOp> judged() const {
    std::vector<WrongOp> found;
    const Operands operands = operands_of(tape_, visit_.node, ws_);
    std::optional<LocalDifference> local = alone(node(), operands, cotangent_);
    if (!local) return found;
    for (const Taken& taken : visit_.taken) {
      const Given given = given_to(taken);
      const auto element =
          wrong_element(*local, operands.place_of(taken.node), given.x, given.rule, visit_.node);
      if (!element) continue;
      const Shape& shape = tape_.node(taken.node).type->shape;
      found.push_back({std::string(node().op->info.name),
                       visit_.node,
                       node().where,
                       taken.operands,
                       shape,
                       multi_index(shape, element->index),
                       element->rule,
                       element->difference,
                       element->bar,
                       element->weight,
                       {}});
    }
    return found;
  }

 private:
  struct Given {
    std::span<const double> x;
    std::vector<double> nothing;  // of a rule that gives nothing
    std::span<const double> rule;
  };
  [[nodiscard]] Given given_to(const Taken& taken) const {
    Given given{ws_[Var(tape_, taken.node)], {}, {}};
    if (taken.cotangent.exists()) {
      given.rule = ws_[taken.cotangent];
    } else {
      given.nothing.assign(given.x.size(), 0.0);
      given.rule = given.nothing;
    }
    return given;
  }
  [[nodiscard]] const Node& node() const { return tape_.node(visit_.node); }

  Tape& tape_;
  const Visit& visit_;
  const Workspace<double>& ws_;
  std::span<const double> cotangent_;
  bool idle_;
};

/// Judges the trials; where time is limited those that are suspicious, the worst first.
void judge(std::span<const Trial> trials, const WrongOpLimits& limits, WrongOps& result) {
  const auto start = std::chrono::steady_clock::now();
  const unsigned threads = std::max(1U, limits.threads);
  std::vector<double> suspicion(trials.size(), 0.0);
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (std::isfinite(limits.seconds)) {
    std::atomic<std::size_t> next{0};
    detail::in_parallel(threads, [&](std::size_t) {
      for (std::size_t k = next++; k < trials.size(); k = next++) {
        suspicion[k] = trials[k].suspicion();
      }
    });
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t k) { return suspicion[k]; });
    const auto innocent = [&](std::size_t k) { return suspicion[k] <= WrongOpLimits::innocent; };
    result.in_double = std::erase_if(order, innocent);
  }
  std::vector<std::vector<WrongOp>> found(trials.size());
  std::atomic<std::size_t> next{0}, judged{0};
  detail::in_parallel(threads, [&](std::size_t) {
    for (std::size_t k = next++; k < order.size(); k = next++) {
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
      if (k >= threads && spent.count() > limits.seconds) return;
      found[order[k]] = trials[order[k]].judged();
      ++judged;
    }
  });
  result.ops = trials.size();
  result.not_looked_at = order.size() - judged;
  for (auto& of_one : found) std::ranges::move(of_one, std::back_inserter(result.found));
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

WrongOps find_wrong_ops(Var cost, std::span<const Var> leaves, std::span<const double> theta,
                        const WrongOpLimits& limits) {
  const LeafLayout layout(cost, leaves);
  layout.require_size(theta);
  Tape& tape = cost.tape();
  const Tape::Scratch scratch(tape);
  const ReverseWalk walk(cost, leaves);
  WrongOps result;
  if (!walk.visits().empty()) {
    const Workspace<double> ws = replayed(tape, walk, layout, theta);
    std::vector<Trial> trials;
    for (const Visit& visit : walk.visits()) {
      if (Trial trial(tape, visit, ws); !trial.idle()) trials.push_back(trial);
    }
    judge(trials, limits, result);
  }
  std::ranges::stable_sort(result.found, std::greater<>(), &WrongOp::weight);
  for (const ReverseWalk::Broken& broken : walk.broken()) {
    result.found.push_back(unusable(tape, broken));
  }
  return result;
}

std::vector<WrongOp> find_wrong_ops(Var cost, std::span<const Var> leaves,
                                    std::span<const double> theta) {
  return find_wrong_ops(cost, leaves, theta, {}).found;
}

}  // namespace dtheta::gradcheck
