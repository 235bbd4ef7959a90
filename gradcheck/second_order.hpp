#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/directions.hpp"

namespace dtheta::gradcheck {

/// H(θ)·v written into the last argument.
using HessianProduct = std::function<void(std::span<const double> theta, std::span<const double> v,
                                          std::span<double> out)>;

/// How a Hessian is checked.
struct SecondOrderOptions {
  std::size_t pairs = 4;  ///< of Gaussian directions u, v
  std::uint64_t seed = 1;
  Options check{};
};

/// What the check of a Hessian found.
struct SecondOrderResult {
  Verdict verdict = Verdict::inconclusive;
  std::vector<DirectionSlope> slopes;  ///< u·Hv against the derivative of u·g along v
  double asymmetry = 0.0;  ///< largest |u·Hv − v·Hu| over the sizes of what was summed
  bool symmetric = true;
  std::size_t gradients = 0;  ///< calls of the gradient
  std::string statement;

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
};

/// Holds a Hessian-vector product against differences of the gradient, and u·Hv against v·Hu: a
/// Hessian is symmetric wherever second derivatives are continuous.
SecondOrderResult check_second_order(const Gradient::Function& gradient,
                                     const HessianProduct& product, const ParameterVector& theta,
                                     const SecondOrderOptions& options = {});

}  // namespace dtheta::gradcheck
