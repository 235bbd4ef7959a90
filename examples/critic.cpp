// A critic with a gradient penalty (Gulrajani et al. 2017): it learns to tell two sets of points
// apart, with slopes that are kept near 1, and so measures how far the one is from the other.
//
// The sets differ by a shift of length d. For lambda times the mean of (|slope| - 1)^2, the best
// critic is linear, with the slope s = 1 + d / (2 lambda), and tells them apart by s d.

#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

constexpr double distance = 2, lambda = 10;

/// Points of two sets, and for each pair a share in [0, 1) that says where between them the slope
/// is looked at.
nn::Table pairs(Index count, std::uint32_t seed) {
  const Tensor left = nn::normal({count, 2}, 0, 1, {seed, 0});
  Tensor right = nn::normal({count, 2}, 0, 1, {seed, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    right.data<double>()[2 * i] += 0.6 * distance;
    right.data<double>()[2 * i + 1] += 0.8 * distance;
  }
  return {{"left", left}, {"right", right}, {"share", nn::uniform({count, 1}, 0, 1, {seed, 2})}};
}

}  // namespace

int main() {
  nn::Sequential critic{nn::Linear(2, 32), nn::Activation::softplus, nn::Linear(32, 32),
                        nn::Activation::softplus, nn::Linear(32, 1, {.bias = false})};
  nn::initialize(critic, 1);
  const nn::BatchCost cost = [&](nn::Recording& r, const nn::RecordedBatch& batch) {
    const Var left = batch["left"], right = batch["right"];
    const Var between = left + batch["share"] * (right - left);
    const Var slopes = norm(grad(sum(r(critic, between)), between), 2, {1});
    const Var told_apart = mean(r(critic, right)) - mean(r(critic, left));
    return lambda * mean(square(slopes - 1)) - told_apart;
  };

  const nn::Table data = pairs(2000, 1), others = pairs(2000, 2);
  const int epochs = 15;
  nn::TrainerOptions options{.batch_size = 50, .cost = cost, .optimizer = nn::Adam{}};
  options.learning_rate =
      nn::schedule::Cosine{.rate = 5e-3, .duration = epochs * data.count() / options.batch_size};
  options.threads = 2;
  nn::Trainer(critic, data, options).fit(epochs);

  nn::Evaluator evaluator(critic, {2});
  const auto mean_of = [&](const Tensor& points) {
    const Tensor said = evaluator.predict(points);
    double sum = 0;
    for (const float v : said.data<float>()) sum += static_cast<double>(v);
    return sum / static_cast<double>(points.shape()[0]);
  };
  fmt::print("told apart by {:.3f}, in theory {:.3f}\n",
             mean_of(others["right"]) - mean_of(others["left"]),
             distance * (1 + distance / (2 * lambda)));

  Tape tape;
  const nn::Table few = others.head(4);
  const auto result = gradcheck::check_network(nn::record_cost(tape, critic, few, cost));
  std::cout << result;
  return result ? 0 : 1;
}
