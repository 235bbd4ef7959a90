#include "gradcheck/bridge/network_check.hpp"

#include <algorithm>
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
    const auto g = ws[gradient[k]];
    const std::vector<double> values(g.begin(), g.end());
    result.add(leaves[k].name, leaves[k].layer, dims_of(vars[k].shape()), values);
  }
  return result;
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
      options.gradient != nullptr ? *options.gradient : gradient_of(cost, leaves, theta);
  const std::vector<Var> vars = vars_of(leaves);
  if (plain.second_opinions) {
    std::ranges::move(replay_oracles(cost, vars, theta.values()),
                      std::back_inserter(plain.oracles));
    plain.corner = corner_finder(cost, vars, theta);
  }
  StackedProbes probes(cost, vars, theta.values(), options.threads);
  return check_probes(std::ref(probes), gradient, theta, plain);
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
