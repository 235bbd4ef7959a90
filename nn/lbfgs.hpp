#pragma once

#include <functional>
#include <span>

#include "nn/optimizer.hpp"

namespace dtheta::nn {

/// J(theta), with its gradient written to `gradient`: by replay of a plan, or by hand.
using CostAndGradient =
    std::function<double(std::span<const double> theta, std::span<double> gradient)>;

struct LbfgsOptions {
  int memory = 10;  ///< pairs of steps and gradient changes that are remembered
  int max_iterations = 200;
  double gradient_tolerance = 1e-8;  ///< done when no derivative is larger
};

struct LbfgsResult {
  double cost = 0;
  int iterations = 0;
  int evaluations = 0;
  bool converged = false;  ///< false: out of iterations, or no step makes the cost smaller
};

/// Minimises a smooth function of few to many variables from the given theta, which it moves:
/// limited memory BFGS by the two-loop recursion (Nocedal 1980), with a bracketing search for a
/// step that meets the weak Wolfe conditions (Lewis and Overton 2013). Each iteration takes the
/// whole batch. Throws ValueError for options outside their range or a cost that is not finite at
/// the start.
LbfgsResult minimize_lbfgs(const CostAndGradient& f, std::span<double> theta,
                           const LbfgsOptions& options = {});

/// The same as the optimiser of a Trainer: each step is one iteration on its batch, which should be
/// all of the data and, where the cost draws, has the same masks throughout.
///   nn::Trainer trainer(model, data, {.batch_size = data.count(), .optimizer = nn::Lbfgs{}});
/// It finds the length of its steps, so that rates, clipping, groups, averages and micro-batches do
/// not go with it. Where no step lowers the cost, as at a minimum, the weights stay.
struct Lbfgs {
  Index memory = 10;  ///< pairs of steps and gradient changes that are remembered
  /// Throws StateError: it needs the cost, too, which only a Trainer gives it.
  [[nodiscard]] OptimizerStep operator()(std::span<const Var> parameters,
                                         std::span<const Var> gradients) const;
};

}  // namespace dtheta::nn
