#include "autodiff/grad.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

/// The loss for log-probabilities whose classes lie along axis 1.
Var negative_log_likelihood(const Call& c, Var log_p) {
  const Index ignored = c.integer("ignore_index", ignored_label);
  const Var last = move_axis(log_p, 1, log_p.rank() - 1);
  const Var labels = c.indices(1);
  const bool weighted = c.has(2);
  const Var ones = broadcast_to(c.tape().constant(1.0), {log_p.shape()[1]});
  const Var weights = weights_of(weighted ? c[2] : ones, labels, ignored);
  const Var losses = nll(last, labels, ignored);
  const std::string reduction = c.text("reduction", "mean");
  if (reduction == "mean") {
    return weighted || c.has("ignore_index") ? weighted_mean(losses, weights) : mean(losses);
  }
  const Var each = weighted ? losses * weights : losses;
  return reduction == "sum" ? sum(each) : each;
}

Values nll_loss(const Call& c) { return c.like(negative_log_likelihood(c, c[0])); }

Values softmax_cross_entropy(const Call& c) {
  const Var log_p = log_softmax(c[0], 1);
  return {{negative_log_likelihood(c, log_p), c.type()}, {log_p, c.type()}};
}

/// The operator for which this library is made.
Values gradient(const Call& c) {
  std::vector<Var> xs;
  for (const std::string& name : c.texts("xs")) xs.push_back(c.value(name).var);
  Values result;
  for (Var g : grad(c.value(c.text("y", "")).var, xs)) result.push_back({g, c.type()});
  return result;
}

constexpr NamedRule rules[]{
    {"Gradient", gradient},
    {"NegativeLogLikelihoodLoss", nll_loss},
    {"SoftmaxCrossEntropyLoss", softmax_cross_entropy},
};

}  // namespace

std::span<const NamedRule> loss_rules() { return rules; }

}  // namespace dtheta::onnx_tests
