// Holding a hand-written gradient to the oracle: no tape, no network, one call.
//
// The model is logistic regression with an L2 penalty. Its gradient is written by hand twice, once
// right and once with the penalty forgotten, which training would never show.

#include <cmath>
#include <iostream>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

namespace {

using Vector = std::vector<double>;

constexpr double lambda = 0.1;
const std::vector<Vector> points{{0.5, -1.2}, {1.5, 0.3}, {-0.7, 0.8}, {-1.1, -0.4}, {0.2, 1.9}};
const Vector labels{0, 1, 1, 0, 1};

double score(std::span<const double> theta, const Vector& x) {
  return theta[0] * x[0] + theta[1] * x[1] + theta[2];
}

/// J(θ) = 1/m Σ log(1 + exp(-s z)) + λ/2m (θ0² + θ1²),  s = ±1, z = θ·x + θ2
double cost(std::span<const double> theta) {
  const auto m = static_cast<double>(points.size());
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    sum += std::log1p(std::exp((1 - 2 * labels[i]) * score(theta, points[i])));
  }
  return sum / m + lambda / (2 * m) * (theta[0] * theta[0] + theta[1] * theta[1]);
}

Vector data_gradient(std::span<const double> theta) {
  const auto m = static_cast<double>(points.size());
  Vector g(3, 0.0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double a = 1 / (1 + std::exp(-score(theta, points[i])));
    const double dz = (a - labels[i]) / m;
    g[0] += dz * points[i][0];
    g[1] += dz * points[i][1];
    g[2] += dz;
  }
  return g;
}

Vector right_gradient(std::span<const double> theta) {
  const auto m = static_cast<double>(points.size());
  Vector g = data_gradient(theta);
  g[0] += lambda / m * theta[0];
  g[1] += lambda / m * theta[1];
  return g;
}

}  // namespace

int main() {
  using namespace dtheta::gradcheck;
  const Vector w{0.4, -0.3}, b{0.1};
  ParameterVector theta;
  theta.add("w", 1, {2}, w);
  theta.add("b", 1, {1}, b);

  const Result right = check(cost, right_gradient, theta);
  std::cout << "with the penalty in the gradient:\n" << right << '\n';

  const Result wrong = check(cost, data_gradient, theta);
  std::cout << "with the penalty forgotten:\n" << wrong << '\n';

  const Result textbook = check(cost, right_gradient, theta, {.method = Method::textbook});
  std::cout << textbook_sentence(textbook) << '\n';
  return right && !wrong ? 0 : 1;
}
