#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "gradcheck/jacobian.hpp"

/// What the programs of all frameworks check: one gradient and one Jacobian, right and wrong.
namespace framework_cases {

using Vector = std::vector<double>;

inline double cost(std::span<const double> t) { return std::sin(t[0]) * t[1] * t[1]; }
inline Vector gradient(std::span<const double> t) {
  return {std::cos(t[0]) * t[1] * t[1], 2 * std::sin(t[0]) * t[1]};
}
inline Vector wrong_gradient(std::span<const double> t) {
  return {std::cos(t[0]) * t[1] * t[1], std::sin(t[0]) * t[1]};
}

/// 60 residuals: a report of a wrong Jacobian could fill several screens.
inline Vector residuals(std::span<const double> x) {
  Vector r;
  for (int i = 0; i < 60; ++i) r.push_back(std::exp(0.01 * i * x[0]) + x[1] * x[1]);
  return r;
}
inline Vector jacobian(std::span<const double> x) {
  Vector j;
  for (int i = 0; i < 60; ++i) {
    j.push_back(0.01 * i * std::exp(0.01 * i * x[0]));
    j.push_back(2 * x[1]);
  }
  return j;
}
inline Vector wrong_jacobian(std::span<const double> x) {
  Vector j = jacobian(x);
  for (double& v : j) v = v * v + 0.1;
  return j;
}

inline const Vector theta{0.4, 1.3};

inline dtheta::gradcheck::JacobianOptions many_blocks() {
  dtheta::gradcheck::JacobianOptions options;
  for (int i = 0; i < 60; ++i) options.outputs.push_back({"residual" + std::to_string(i), {}});
  return options;
}

}  // namespace framework_cases
