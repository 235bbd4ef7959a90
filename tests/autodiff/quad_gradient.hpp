#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/ops/wide_difference.hpp"

namespace dtheta::testing {

/// Values in (-1, 1), a fixed function of the seed.
inline Tensor varied(const Shape& shape, unsigned seed, DType dtype = DType::float64) {
  Tensor t(shape);
  unsigned state = seed * 2654435761U + 12345U;
  for (double& v : t.data<double>()) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<double>(state >> 8U) * 0x1p-23 - 1;
  }
  return t.to(dtype);
}

/// The relative difference between the gradient of a scalar and central differences, both in quad.
inline double gradient_error(Var cost, std::span<const Var> leaves) {
  std::vector<Var> outputs = grad(cost, leaves);
  outputs.push_back(cost);
  Workspace<Quad> analytic{Plan(outputs)};
  analytic.run();
  Workspace<Quad> probe{Plan({cost})};
  Quad apart = 0, size = 0;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    if (!probe.plan().has_leaf(leaves[k])) continue;
    const auto x = probe.leaf(leaves[k]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Quad at = x[i];
      const auto f = [&](Quad moved) {
        x[i] = moved;
        probe.run();
        return probe[cost][0];
      };
      const Quad numeric = gradcheck::central_difference8(f, at, Quad(gradcheck::wide_step));
      x[i] = at;
      apart += abs(analytic[outputs[k]][i] - numeric);
      size += abs(numeric);
    }
  }
  return static_cast<double>(apart / (size + Quad(0x1p-40)));
}

/// The same for a tensor, through a weighted sum of its elements; first and second order.
struct GradientErrors {
  double first;
  double second;
};
inline GradientErrors gradient_errors(Var y, std::span<const Var> leaves) {
  Tape& tape = y.tape();
  const Var cost = sum(y * tape.constant(varied(y.shape(), 77)));
  const std::vector<Var> g = grad(cost, leaves);
  Var directional = tape.constant(0.0);
  for (std::size_t k = 0; k < g.size(); ++k) {
    directional = directional + sum(g[k] * tape.constant(varied(g[k].shape(), 78)));
  }
  return {gradient_error(cost, leaves), gradient_error(directional, leaves)};
}

}  // namespace dtheta::testing
