#include <cmath>

#include "autodiff/workspace.hpp"
#include "nn/optimizer.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

/// Inputs: the rate, the number of steps done, then for all parameters their values, gradients and
/// each part of the optimiser's state. Outputs: the new values, then the new states.
class Step {
 public:
  explicit Step(const Call& c, std::size_t states) : c_(c), count_((c.size() - 2) / (2 + states)) {}

  /// One run of the optimiser's step, with its states (by the names it gives them) set to the
  /// inputs.
  [[nodiscard]] Values run(const nn::Optimizer& optimizer, std::vector<std::string> states) const {
    Tape tape;
    std::vector<Var> parameters, gradients;
    for (std::size_t i = 0; i < count_; ++i) {
      parameters.push_back(tape.leaf(input(0, i)));
      gradients.push_back(tape.leaf(input(1, i)));
    }
    const nn::OptimizerStep step = optimizer(parameters, gradients);
    std::vector<Var> next;
    for (const auto& [leaf, value] : step.updates) next.push_back(value);
    Workspace<double> ws(Plan(next, {.updates = step.updates}));

    std::vector<Var> results = parameters;
    for (std::size_t s = 0; s < states.size(); ++s) {
      std::size_t i = 0;
      for (const auto& [leaf, value] : step.updates) {
        if (tape.name(leaf.index()) != states[s]) continue;
        ws.set(leaf, input(2 + s, i++));
        results.push_back(leaf);
      }
    }
    // Bias corrections count steps from 1; here the rate comes corrected.
    for (const auto& [leaf, value] : step.updates) {
      if (tape.name(leaf.index()).ends_with("steps")) ws.set(leaf, Tensor(endless));
    }
    ws.run();
    Values values;
    for (Var v : results) values.push_back({c_.tape().constant(ws.tensor(v)), c_.type(2)});
    return values;
  }

 private:
  static constexpr double endless = 1e9;

  [[nodiscard]] Tensor input(std::size_t group, std::size_t i) const {
    return c_[2 + group * count_ + i].value();
  }

  const Call& c_;
  std::size_t count_;
};

Values adagrad(const Call& c) {
  const double rate = c.number(0) / (1 + c.number(1) * c.number("decay_factor", 0));
  return Step(c, 1).run(nn::Adagrad{.learning_rate = rate,
                                    .epsilon = c.number("epsilon", 1e-6),
                                    .weight_decay = c.number("norm_coefficient", 0)},
                        {"adagrad.squares"});
}

/// ONNX adds epsilon to the root before the bias is corrected, and corrects none at step 0.
Values adam(const Call& c) {
  const double alpha = c.number("alpha", 0.9), beta = c.number("beta", 0.999);
  const double t = c.number(1);
  const double correction = t > 0 ? std::sqrt(1 - std::pow(beta, t)) / (1 - std::pow(alpha, t)) : 1;
  return Step(c, 2).run(nn::Adam{.learning_rate = c.number(0) * correction,
                                 .beta1 = alpha,
                                 .beta2 = beta,
                                 .epsilon = c.number("epsilon", 1e-6),
                                 .weight_decay = c.number("norm_coefficient", 0)},
                        {"adam.m", "adam.v"});
}

Values momentum(const Call& c) {
  if (c.number(1) > 0 && c.number("beta", 1) != 1) {
    throw Unsupported("Momentum with a factor for the gradient");
  }
  return Step(c, 1).run(nn::Sgd{.learning_rate = c.number(0),
                                .momentum = c.number("alpha", 0),
                                .nesterov = c.text("mode", "standard") == "nesterov",
                                .weight_decay = c.number("norm_coefficient", 0)},
                        {"sgd.velocity"});
}

constexpr NamedRule rules[]{{"Adagrad", adagrad}, {"Adam", adam}, {"Momentum", momentum}};

}  // namespace

std::span<const NamedRule> optimizer_rules() { return rules; }

}  // namespace dtheta::onnx_tests
