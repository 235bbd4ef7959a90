#pragma once

#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/activation.hpp"
#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/loss.hpp"
#include "autodiff/ops/matmul.hpp"
#include "autodiff/ops/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::bench {

/// A dense network with random data, recorded: the work of the benchmarks.
struct Mlp {
  /// `sizes`: inputs, hidden layers, outputs. One output means sigmoid and binary cross-entropy on
  /// logits, more mean softmax cross-entropy.
  Mlp(DType precision, Index batch, const std::vector<Index>& sizes) : tape(precision) {
    Var a = x = draw({batch, sizes[0]}, 1, 1.0);
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      const double scale = 1.5 / static_cast<double>(sizes[l - 1]);
      parameters.push_back(draw({sizes[l], sizes[l - 1]}, 2 * l, scale * 8));
      parameters.push_back(draw({sizes[l]}, 2 * l + 1, 0.1));
      a = affine(a, parameters[2 * l - 2], parameters[2 * l - 1]);
      if (l + 1 < sizes.size()) a = relu(a);
    }
    cost = sizes.back() == 1 ? mean(binary_cross_entropy_with_logits(a, binary_labels(batch)))
                             : mean(cross_entropy_with_logits(a, labels(batch, sizes.back())));
  }

  /// Cost and a step of gradient descent, as one program.
  [[nodiscard]] Plan training_plan(double rate) const {
    const std::vector<Var> g = grad(cost, parameters);
    PlanOptions options;
    for (std::size_t k = 0; k < g.size(); ++k) {
      options.updates.emplace_back(parameters[k], parameters[k] - rate * g[k]);
    }
    return Plan({cost}, options);
  }

  Tape tape;
  Var x, cost;
  std::vector<Var> parameters;

 private:
  Var draw(const Shape& shape, std::uint64_t seed, double scale) {
    return tape.leaf(materialize(real(shape, {-scale, scale}), seed));
  }
  Var labels(Index batch, Index classes) {
    std::vector<Index> y;
    for (Index i = 0; i < batch; ++i) y.push_back(i * 7 % classes);
    return tape.leaf(Tensor(Shape{batch}, std::span<const Index>(y)));
  }
  Var binary_labels(Index batch) {
    std::vector<double> y;
    for (Index i = 0; i < batch; ++i) y.push_back(static_cast<double>(i % 2));
    return tape.leaf(Tensor(Shape{batch, 1}, std::span<const double>(y)));
  }
};

}  // namespace dtheta::bench
