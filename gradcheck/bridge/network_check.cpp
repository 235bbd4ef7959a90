#include "gradcheck/bridge/network_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>

#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/branches.hpp"
#include "gradcheck/bridge/replay_oracle.hpp"
#include "gradcheck/bridge/stacked_probes.hpp"
#include "gradcheck/bridge/wrong_op.hpp"
#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

std::vector<Var> vars_of(std::span<const CheckedLeaf> leaves) {
  std::vector<Var> vars;
  for (const CheckedLeaf& l : leaves) vars.push_back(l.leaf);
  return vars;
}

std::vector<std::size_t> dims_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

void refuse_live_masks(Var cost) {
  const Var step = cost.tape().step_if_used();
  if (step.exists() && Plan({cost}).has_leaf(step)) throw LiveDropoutError();
}

/// The gradient by replay in T at theta, block after block.
template <class T>
ParameterVector replayed_gradient(Var cost, std::span<const CheckedLeaf> leaves,
                                  const ParameterVector& theta) {
  const Tape::Scratch scratch(cost.tape());  // the user's tape stays as it was
  const std::vector<Var> vars = vars_of(leaves);
  const std::vector<Var> gradient = grad(cost, vars);
  const Plan plan(gradient);
  Workspace<T> ws(plan);
  for (std::size_t k = 0; k < vars.size(); ++k) {
    if (!plan.has_leaf(vars[k])) continue;
    std::ranges::transform(theta.values(leaves[k].name), ws.leaf(vars[k]).begin(),
                           [](double v) { return static_cast<T>(v); });
  }
  ws.run();
  ParameterVector result;
  for (std::size_t k = 0; k < vars.size(); ++k) {
    if (gradient[k].shape() != vars[k].shape()) {
      throw ShapeError(fmt::format("gradient: that of {} has shape {} instead of {}",
                                   leaves[k].name, to_string(gradient[k].shape()),
                                   to_string(vars[k].shape())));
    }
    const auto g = ws[gradient[k]];
    const std::vector<double> values(g.begin(), g.end());
    result.add(leaves[k].name, leaves[k].layer, dims_of(vars[k].shape()), values);
  }
  return result;
}

/// The tape's gradient, or the op that makes it impossible.
ParameterVector usable_gradient(Var cost, std::span<const CheckedLeaf> leaves,
                                const ParameterVector& theta) {
  try {
    return gradient_of(cost, leaves, theta);
  } catch (const std::exception&) {
    for (const WrongOp& wrong : find_wrong_ops(cost, vars_of(leaves), theta.values())) {
      if (!wrong.failure.empty()) throw UnusableRuleError("check: " + wrong.sentence());
    }
    throw;
  }
}

/// Whether a gradient agrees with what the check measured.
bool agrees(const ParameterVector& gradient, const Result& result, const Options& options) {
  for (const BlockResult& block : result.blocks) {
    double scale = 0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (std::isfinite(result.numeric[i])) scale = std::max(scale, std::abs(result.numeric[i]));
    }
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      if (!std::isfinite(result.numeric[i])) continue;
      const double error = std::abs(gradient.values()[i] - result.numeric[i]);
      if (!(error <= result.bar[i] + options.held_to() * scale)) return false;
    }
  }
  return true;
}

/// Puts the ops with wrong rules first among the causes, each once.
void blame_ops(Result& result, Var cost, std::span<const Var> leaves,
               const ParameterVector& theta) {
  std::vector<Cause> causes;
  std::vector<WrongOp> blamed;
  std::vector<std::size_t> others;
  for (WrongOp& wrong : find_wrong_ops(cost, leaves, theta.values())) {
    const auto same = std::ranges::find_if(blamed, [&](const WrongOp& known) {
      return known.op == wrong.op && known.operands == wrong.operands;
    });
    if (same != blamed.end()) {
      ++others[static_cast<std::size_t>(same - blamed.begin())];
      continue;
    }
    blamed.push_back(std::move(wrong));
    others.push_back(0);
  }
  for (std::size_t k = 0; k < blamed.size(); ++k) {
    // The difference is exact but for 1e-22, and nothing but this op is in it.
    Cause cause{Pattern::wrong_op, blamed[k].analytic / blamed[k].numeric, 0.99,
                blamed[k].sentence()};
    if (others[k] > 0) cause.sentence += fmt::format("; so it is in {} more records", others[k]);
    causes.push_back(std::move(cause));
  }
  if (causes.empty()) {
    result.notes.emplace_back(
        "the rule of every op agrees with differences of that op alone, in double: the mistake is "
        "in none of them by itself");
  }
  result.causes.insert(result.causes.begin(), causes.begin(), causes.end());
}

/// What a tape knows of a failure beyond the numbers.
void explain_failure(Result& result, Var cost, std::span<const CheckedLeaf> leaves,
                     const ParameterVector& theta, const NetworkOptions& options) {
  if (options.gradient != nullptr &&
      agrees(usable_gradient(cost, leaves, theta), result, options)) {
    result.notes.emplace_back(
        "the tape's own gradient agrees with the differences: only the gradient that was given is "
        "wrong");
    return;
  }
  blame_ops(result, cost, vars_of(leaves), theta);
}

/// Looks at the branches of the ops, from the first time that it is asked.
CornerFinder corner_finder(Var cost, std::span<const Var> leaves, const ParameterVector& theta) {
  const auto branches = std::make_shared<std::optional<Branches>>();
  return [=, at = std::vector(theta.values().begin(), theta.values().end()),
          xs = std::vector(leaves.begin(), leaves.end())](std::size_t entry, double reach) {
    if (!*branches) branches->emplace(cost, xs, at);
    return (*branches)->nearest(entry, reach);
  };
}

}  // namespace

LiveDropoutError::LiveDropoutError()
    : std::invalid_argument(
          "this cost has live dropout: every evaluation draws new masks, so two evaluations of J "
          "differ by more than any derivative and a difference quotient means nothing. Two ways "
          "on: "
          "check with keep_prob = 1, or check with frozen masks (the same masks in every "
          "evaluation and in the gradient)") {}

ParameterVector parameters_of(std::span<const CheckedLeaf> leaves) {
  ParameterVector theta;
  for (const CheckedLeaf& l : leaves) {
    const Tensor value = l.leaf.value().to(DType::float64);
    theta.add(l.name, l.layer, dims_of(value.shape()), value.data<double>());
  }
  return theta;
}

ParameterVector gradient_of(Var cost, std::span<const CheckedLeaf> leaves,
                            const ParameterVector& theta) {
  const bool narrow = cost.tape().precision() == DType::float32;
  return narrow ? replayed_gradient<float>(cost, leaves, theta)
                : replayed_gradient<double>(cost, leaves, theta);
}

Result check_network(Var cost, std::span<const CheckedLeaf> leaves, const NetworkOptions& options) {
  require_single(cost);
  for (const CheckedLeaf& l : leaves) require_leaf(cost, l.leaf, l.name);
  if (!options.frozen_masks) refuse_live_masks(cost);
  const ParameterVector recorded = parameters_of(leaves);
  const ParameterVector& theta = options.theta != nullptr ? *options.theta : recorded;
  recorded.require_same_layout(theta);

  NetworkOptions plain = options;
  const bool narrow = cost.tape().precision() == DType::float32;
  if (narrow) plain.gradient_roundoff = 0x1p-24;
  const ParameterVector gradient =
      options.gradient != nullptr ? *options.gradient : usable_gradient(cost, leaves, theta);
  const std::vector<Var> vars = vars_of(leaves);
  if (plain.second_opinions) {
    std::ranges::move(replay_oracles(cost, vars, theta.values()),
                      std::back_inserter(plain.oracles));
    plain.corner = corner_finder(cost, vars, theta);
  }
  StackedProbes probes(cost, vars, theta.values(), options.threads);
  Result result = check_probes(std::ref(probes), gradient, theta, plain);
  if (result.verdict == Verdict::fail && plain.blame_ops) {
    explain_failure(result, cost, leaves, theta, plain);
  }
  return result;
}

std::vector<CheckedLeaf> checked_leaves(std::span<const nn::RecordedParameter> parameters) {
  std::vector<CheckedLeaf> leaves;
  for (const nn::RecordedParameter& p : parameters) {
    leaves.push_back({p.name, static_cast<std::size_t>(p.layer), p.var});
  }
  return leaves;
}

Result check_network(const nn::RecordedCost& network, const NetworkOptions& options) {
  return check_network(network.cost, checked_leaves(network.parameters), options);
}

BeforeAfter check_before_and_after(Var cost, std::span<const CheckedLeaf> leaves,
                                   const std::function<void(ParameterVector& theta)>& train,
                                   const NetworkOptions& options) {
  BeforeAfter both;
  both.initial = check_network(cost, leaves, options);
  ParameterVector theta = options.theta != nullptr ? *options.theta : parameters_of(leaves);
  train(theta);
  NetworkOptions after = options;
  after.theta = &theta;
  both.trained = check_network(cost, leaves, after);
  return both;
}

}  // namespace dtheta::gradcheck
