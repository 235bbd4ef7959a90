#pragma once

#include <functional>
#include <span>

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

}  // namespace dtheta::nn
