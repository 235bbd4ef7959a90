#pragma once

#include <utility>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/activation.hpp"
#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/attention.hpp"
#include "autodiff/ops/convolution.hpp"
#include "autodiff/ops/loss.hpp"
#include "autodiff/ops/matmul.hpp"
#include "autodiff/ops/normalization.hpp"
#include "autodiff/ops/pooling.hpp"
#include "autodiff/ops/recurrent.hpp"
#include "autodiff/ops/reduction.hpp"
#include "autodiff/ops/shape.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

/// The networks of the benchmarks, recorded with random data.
namespace dtheta::bench {

/// What they share: a tape, the cost of a batch, and the parameters to be trained.
struct Network {
  explicit Network(DType precision) : tape(precision) {}

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

 protected:
  /// A leaf with entries uniform in (-scale, scale); each has a stream of random numbers of its
  /// own.
  Var draw(const Shape& shape, double scale) {
    return tape.leaf(materialize(real(shape, {-scale, scale}), stream_++));
  }
  Var parameter(const Shape& shape, double scale) {
    return parameters.emplace_back(draw(shape, scale));
  }
  /// x W^T + b with parameters of its own.
  Var dense(Var in, Index out) {
    const Index width = in.shape()[in.rank() - 1];
    const Var w = parameter({out, width}, 12 / static_cast<double>(width));
    return affine(in, w, parameter({out}, 0.1));
  }
  /// Mean softmax cross-entropy for logits (samples, classes).
  void classify(Var logits) {
    std::vector<Index> y;
    for (Index i = 0; i < logits.shape()[0]; ++i) y.push_back(i * 7 % logits.shape()[1]);
    const Var labels = tape.leaf(Tensor(Shape{logits.shape()[0]}, std::span<const Index>(y)));
    cost = mean(cross_entropy_with_logits(logits, labels));
  }

 private:
  std::uint64_t stream_ = 1;
};

/// A dense network with ReLU.
struct Mlp : Network {
  /// `sizes`: inputs, hidden layers, outputs. One output means sigmoid and binary cross-entropy on
  /// logits, more mean softmax cross-entropy.
  Mlp(DType precision, Index batch, const std::vector<Index>& sizes) : Network(precision) {
    Var a = x = draw({batch, sizes[0]}, 1);
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      a = dense(a, sizes[l]);
      if (l + 1 < sizes.size()) a = relu(a);
    }
    if (sizes.back() > 1)
      classify(a);
    else
      cost = mean(binary_cross_entropy_with_logits(a, binary_labels(batch)));
  }

 private:
  Var binary_labels(Index batch) {
    std::vector<double> y;
    for (Index i = 0; i < batch; ++i) y.push_back(static_cast<double>(i % 2));
    return tape.leaf(Tensor(Shape{batch, 1}, std::span<const double>(y)));
  }
};

/// LeNet-5 on 28 x 28 images: two convolutions of 5 x 5, each with ReLU and 2 x 2 pooling, then
/// 400-120-84-10.
struct LeNet5 : Network {
  LeNet5(DType precision, Index batch) : Network(precision) {
    Var a = x = draw({batch, 1, 28, 28}, 1);
    a = max_pool2d(relu(convolution(a, 6, 2)), 2);
    a = max_pool2d(relu(convolution(a, 16, 0)), 2);
    a = relu(dense(flatten(a, 1), 120));
    a = relu(dense(a, 84));
    classify(dense(a, 10));
  }

 private:
  Var convolution(Var in, Index out, Index padding) {
    const Index channels = in.shape()[1];
    const Var w = parameter({out, channels, 5, 5}, 1 / static_cast<double>(5 * channels));
    return conv2d(in, w, parameter({out}, 0.1), {.padding = padding});
  }
};

/// An LSTM of `width` inputs and as many hidden units over x (time, samples, width), its last state
/// to 10 classes.
struct LstmClassifier : Network {
  LstmClassifier(DType precision, Index batch, Index length, Index width) : Network(precision) {
    x = draw({length, batch, width}, 1);
    const Var zeros = tape.constant(Tensor(Shape{batch, width}));
    const double scale = 2 / static_cast<double>(width);
    const Var w_x = parameter({4 * width, width}, scale);
    const Var w_h = parameter({4 * width, width}, scale);
    const Var b_x = parameter({4 * width}, 0.1), b_h = parameter({4 * width}, 0.1);
    classify(dense(lstm(x, {zeros, zeros}, {w_x, w_h, b_x, b_h}).last.h, 10));
  }
};

/// A transformer encoder layer, the norm behind each sum, over x (samples, length, width); the mean
/// over the length to 10 classes.
struct EncoderClassifier : Network {
  EncoderClassifier(DType precision, Index batch, Index length, Index width, Index heads,
                    Index inner)
      : Network(precision) {
    x = draw({batch, length, width}, 1);
    const double scale = 2 / static_cast<double>(width);
    const Var w_in = parameter({3 * width, width}, scale), b_in = parameter({3 * width}, 0.1);
    const Var w_out = parameter({width, width}, scale), b_out = parameter({width}, 0.1);
    Var a = normalized(x + multi_head_attention(x, x, x, {w_in, w_out, b_in, b_out}, heads));
    a = normalized(a + dense(relu(dense(a, inner)), width));
    classify(dense(mean(a, 1), 10));
  }

 private:
  Var normalized(Var in) {
    const Index width = in.shape()[in.rank() - 1];
    const Var w = parameter({width}, 1);
    return layer_norm(in, w, parameter({width}, 0.1));
  }
};

}  // namespace dtheta::bench
