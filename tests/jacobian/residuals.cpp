#include "tests/jacobian/residuals.hpp"

#include <algorithm>
#include <cmath>

namespace jacobian_test {

void residuals(std::span<const double> x, std::span<double> r) {
  r[0] = std::sin(x[0]) * x[1];
  r[1] = std::exp(x[2]) + x[0];
  r[2] = x[0] * x[1] * x[2];
  r[3] = std::hypot(x[0], x[1]);
}

void right(std::span<const double> x, std::span<double> jacobian) {
  const double h = std::hypot(x[0], x[1]);
  const double values[] = {
      std::cos(x[0]) * x[1], std::sin(x[0]), 0,           1,        0,        std::exp(x[2]),
      x[1] * x[2],           x[0] * x[2],    x[0] * x[1], x[0] / h, x[1] / h, 0};
  std::ranges::copy(values, jacobian.begin());
}

dtheta::gradcheck::ParameterVector point() {
  dtheta::gradcheck::ParameterVector x;
  x.add("a", 0, {2}, std::vector<double>{0.5, -1.2});
  x.add("b", 0, {}, std::vector<double>{2.0});
  return x;
}

dtheta::gradcheck::JacobianOptions named_outputs() {
  dtheta::gradcheck::JacobianOptions options;
  options.outputs = {{"r", {3}}, {"s", {}}};
  return options;
}

}  // namespace jacobian_test
