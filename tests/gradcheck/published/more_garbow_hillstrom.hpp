#pragma once

#include <functional>
#include <span>
#include <vector>

/// The 35 problems of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software",
/// ACM Trans. Math. Softw. 7 (1981): J = Σ f_k², with the Jacobian of f by hand.
namespace more_garbow_hillstrom {

using Span = std::span<const double>;
using Values = std::vector<double>;

/// One residual with its gradient.
struct Row {
  double f = 0.0;
  Values slope;
};

struct Problem {
  int number = 0;  ///< in the paper
  const char* name = nullptr;
  Values start;
  std::function<std::vector<Row>(Span)> rows;
};

/// Numbers 1 to 20: of fixed dimension, apart from Watson's.
std::vector<Problem> of_two_or_three();
std::vector<Problem> of_four_and_more();

/// Numbers 21 to 35: of any dimension.
std::vector<Problem> extended();
std::vector<Problem> discretised_and_linear();

/// All of them, in the paper's order.
const std::vector<Problem>& problems();

}  // namespace more_garbow_hillstrom
