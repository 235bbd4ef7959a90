// How large may a step be? Near a minimum, gradient descent settles as long as its rate stays below
// 2 / lambda, lambda being the largest eigenvalue of the Hessian there. The power method finds it by
// products of the Hessian with a vector, which cost about two gradients; the Hessian itself, a square
// of all weights, is never made.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "autodiff/autodiff.hpp"
#include "autodiff/ops.hpp"
#include "nn/minimize.hpp"

using namespace dtheta;
using Values = std::vector<double>;

constexpr Index points = 40, units = 8;

/// tanh units fit a sine; a small penalty leaves no direction flat. theta: slopes, places, heights.
Var cost(Var theta) {
  Values x(points);
  for (Index i = 0; i < points; ++i)
    x[static_cast<std::size_t>(i)] = 0.15 * static_cast<double>(i) - 3;
  const Var inputs = theta.tape().constant(Tensor(Shape{points, 1}, std::span<const double>(x)));
  const auto part = [&](Index k) { return slice(theta, 0, {k * units, (k + 1) * units}); };
  const Var hidden = tanh(inputs * part(0) + part(1));
  const Var error = matmul(hidden, part(2)) - reshape(sin(inputs), {points});
  return mean(square(error)) + 1e-3 * sum(square(theta));
}

double norm(const Values& v) {
  return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
}

int main() {
  auto f = function(cost);
  Values theta(3 * units);
  for (std::size_t i = 0; i < theta.size(); ++i)
    theta[i] = std::sin(1.0 + 2.0 * static_cast<double>(i));
  const nn::Minimum found = nn::minimize(function(cost), {.max_iterations = 2000}, theta);
  std::ranges::copy(found.at[0].data<double>(), theta.begin());
  const double least = found.search.cost;

  // The power method: v <- H v / |H v|.
  Values v(theta.size(), 1);
  double lambda = 0;
  for (int i = 0; i < 200; ++i) {
    const double length = norm(v);
    for (double& e : v) e /= length;
    std::ranges::copy(f.hvp(theta)(v).gradients[0].data<double>(), v.begin());
    lambda = norm(v);
  }
  fmt::print("largest curvature {:.4f}: rates below {:.4f} settle\n", lambda, 2 / lambda);

  // Descent from beside the minimum, along the steepest curvature.
  for (const double times : {1.9, 2.1}) {
    Values at = theta;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += 3e-3 * v[i] / lambda;
    const double before = f.value_and_grad(at).value - least;
    for (int step = 0; step < 40; ++step) {
      const auto& gradient = f.value_and_grad(at).gradients[0];
      for (std::size_t i = 0; i < at.size(); ++i)
        at[i] -= times / lambda * gradient.data<double>()[i];
    }
    const double after = f.value_and_grad(at).value - least;
    fmt::print("40 steps at {} / lambda: {:.3g} times as far above the minimum\n", times,
               after / before);
  }
}
