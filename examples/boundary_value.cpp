// A physics-informed network (Raissi et al. 2019): it solves
//   u'' = -pi^2 sin(pi x),  u(0) = u(1) = 0,
// whose solution is sin(pi x), from the equation alone. The second derivatives in the cost are
// recorded by differentiating twice; training differentiates them once more.

#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <numbers>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

constexpr double pi = std::numbers::pi;

/// x (1 - x) net(x) keeps to the boundary whatever the net says.
struct Solution {
  nn::Sequential net{nn::Linear(1, 16), nn::Activation::tanh, nn::Linear(16, 16),
                     nn::Activation::tanh, nn::Linear(16, 1)};
  void fields(nn::Fields& f) { f("net", net); }
  [[nodiscard]] Var forward(nn::Recording& r, Var x) const { return x * (1 - x) * r(net, x); }
};

/// count points from 0 to 1.
Tensor grid(Index count) {
  Tensor x(Shape{count, 1});
  for (Index i = 0; i < count; ++i) {
    x.data<double>()[static_cast<std::size_t>(i)] = static_cast<double>(i) / double(count - 1);
  }
  return x;
}

}  // namespace

int main() {
  Solution model;
  nn::initialize(model, 1);
  // Each u depends on its own x alone, so that the gradient of their sum has all derivatives.
  const nn::BatchCost residual = [&](nn::Recording& r, const nn::RecordedBatch& batch) {
    const Var x = batch["x"], u = r(model, x);
    const Var slope = grad(sum(u), x), curvature = grad(sum(slope), x);
    return mean(square(curvature + pi * pi * sin(pi * x)));
  };

  const nn::Table points{{"x", grid(32)}};
  nn::TrainerOptions options{.batch_size = 32, .cost = residual, .optimizer = nn::Lbfgs{}};
  nn::Trainer trainer(model, points, options);
  trainer.fit(300, [](const nn::EpochReport& e) {
    if (e.epoch % 50 == 1) fmt::print("iteration {:>3}  residual {:.2e}\n", e.epoch, e.cost);
  });

  const Tensor fine = grid(1001), u = nn::Evaluator(model, {1}).predict(fine);
  double worst = 0;
  for (std::size_t i = 0; i < 1001; ++i) {
    const double truth = std::sin(pi * fine.data<double>()[i]);
    worst = std::max(worst, std::abs(static_cast<double>(u.data<float>()[i]) - truth));
  }
  fmt::print("largest error of u {:.1e}\n", worst);

  Tape tape;
  const nn::Table few = points.head(5);
  const auto result = gradcheck::check_network(nn::record_cost(tape, model, few, residual));
  std::cout << result;
  return result ? 0 : 1;
}
