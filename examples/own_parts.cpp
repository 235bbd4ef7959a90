// Parts of one's own in a training: a layer with parameters, a cost, a metric and an optimiser.
//
// Three quantiles of y are learned as functions of x, where y = sin 3x + (0.2 + 0.3 x) z and z is
// normal: the share of y below each of them must be the quantile's own.

#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <string>

#include "autodiff/grad.hpp"
#include "autodiff/ops.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

const Tensor quantiles(Shape{3}, {0.1, 0.5, 0.9});

/// Bumps: exp(-width^2 (x - centre)^2) for each of `count` centres, which are learned.
struct Bumps {
  nn::Parameter centres, widths;

  explicit Bumps(Index count)
      : centres(nn::to_draw("centres", {count},
                            [](const Shape& s, RandomKey k) { return nn::uniform(s, 0, 1, k); })),
        widths(nn::given("widths", nn::constant({count}, 3))) {}
  void fields(nn::Fields& f) { f("centres", centres)("widths", widths); }
  /// x (examples, 1) to (examples, count).
  [[nodiscard]] Var forward(nn::Recording& r, Var x) const {
    return exp(-square(r(widths) * (x - r(centres))));
  }
};

/// v <- momentum v + g,  p <- p - rate v: any function of this form is an optimiser.
struct HeavyBall {
  double rate = 0.01, momentum = 0.9;
  nn::OptimizerStep operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
    Tape& tape = parameters[0].tape();
    nn::OptimizerStep step{.learning_rate = tape.leaf(Tensor(rate), "learning_rate"),
                           .updates = {}};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Var p = parameters[i];
      // Its name is what a checkpoint knows the state by.
      const Var v =
          tape.leaf(Tensor(p.shape()), fmt::format("{}.heavy_ball.v", tape.name(p.index())));
      const Var next = momentum * v + gradients[i];
      step.updates.emplace_back(v, next);
      step.updates.emplace_back(p, p - step.learning_rate * next);
    }
    return step;
  }
};

/// The share of targets below output k.
nn::Metric below(std::size_t k) {
  return {.name = fmt::format("below {}", quantiles.data<double>()[k]),
          .add =
              [k](const Tensor& outputs, const nn::Table& batch, std::vector<double>& sums) {
                sums.resize(2);
                const auto y = batch["target"].data<double>();
                for (std::size_t i = 0; i < y.size(); ++i, sums[1] += 1) {
                  sums[0] += y[i] < static_cast<double>(outputs.data<float>()[3 * i + k]) ? 1 : 0;
                }
              },
          .value = [](std::span<const double> sums) { return sums[0] / sums[1]; }};
}

nn::Table noisy_wave(Index count, std::uint32_t seed) {
  const Tensor x = nn::uniform({count, 1}, 0, 1, {seed, 0});
  Tensor y = nn::normal({count, 1}, 0, 1, {seed, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const double at = x.data<double>()[i];
    y.data<double>()[i] = std::sin(3 * at) + (0.2 + 0.3 * at) * y.data<double>()[i];
  }
  return {{"input", x}, {"target", y}};
}

/// The pinball cost, which is least where the share q of y lies below the output:
/// the mean of max(q d, (q - 1) d), d = y - output.
nn::BatchCost pinball(const nn::Sequential& model) {
  return [&model](nn::Recording& r, const nn::RecordedBatch& batch) -> nn::CostAndOutput {
    const Var said = r(model, batch["input"]), q = r.tape().constant(quantiles);
    const Var d = batch["target"] - said;
    return {mean(maximum(q * d, (q - 1) * d)), said};
  };
}

}  // namespace

int main() {
  const nn::Table train = noisy_wave(3000, 1), test = noisy_wave(3000, 2);
  const auto trained = [&](nn::Sequential& model, nn::Optimizer optimizer) {
    nn::initialize(model, 1);
    nn::TrainerOptions options{.batch_size = 50, .optimizer = std::move(optimizer)};
    options.cost = pinball(model);
    options.learning_rate = nn::schedule::Cosine{.rate = 0.1, .duration = 20 * 60};
    nn::Trainer trainer(model, train, options);
    trainer.fit(20);
    return trainer.evaluate(test, {below(0), below(1), below(2)});
  };
  nn::Sequential model{Bumps(12), nn::Linear(12, 3)}, other{Bumps(12), nn::Linear(12, 3)};
  for (const nn::NamedValue& v : trained(model, HeavyBall{})) {
    fmt::print("{:<10} {:.3f}\n", v.name, v.value);
  }
  static_cast<void>(trained(other, nn::Sgd{.momentum = 0.9}));
  const bool same = nn::Evaluator(model, {1}).predict(test["input"]) ==
                    nn::Evaluator(other, {1}).predict(test["input"]);
  fmt::print("what nn::Sgd trains is {}\n", same ? "the same" : "ANOTHER");

  Tape tape;
  const nn::Table few = test.head(4);
  const auto result = gradcheck::check_network(nn::record_cost(tape, model, few, pinball(model)));
  std::cout << result;
  return result && same ? 0 : 1;
}
