// A cost, its gradient by hand with a term forgotten, and what a check says: the first program of
// README. Exit status 1: the gradient is wrong.

#include <iostream>
#include <span>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

// J(w, b) = (3 w - b)^2 + w, and its gradient by hand: is it right?
double cost(std::span<const double> t) {
  const double d = 3 * t[0] - t[1];
  return d * d + t[0];
}

std::vector<double> gradient(std::span<const double> t) {
  const double d = 3 * t[0] - t[1];
  return {6 * d, -2 * d};  // the 1 of "+ w" is missing
}

int main() {
  using namespace dtheta::gradcheck;
  ParameterVector theta;
  theta.add("w", 1, {}, std::vector{0.5});
  theta.add("b", 1, {}, std::vector{-0.25});
  const Result result = check(cost, gradient, theta);
  std::cout << result;
  return result ? 0 : 1;
}
