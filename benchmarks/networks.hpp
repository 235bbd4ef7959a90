#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/convolution.hpp"
#include "autodiff/ops/network/loss.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/network/pooling.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/shape.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "benchmarks/cases.hpp"

/// The networks of the benchmarks, recorded with the numbers of benchmarks/cases.hpp.
namespace dtheta::bench {

/// What they share: a tape, the cost of a batch, and the parameters to be trained.
struct Network {
  Network(const std::string& name, DType precision)
      : data(network_data(name)), tape(precision), x(leaf(data.input, data.x<double>())) {}

  /// Cost and a step of gradient descent, as one program.
  [[nodiscard]] Plan training_plan(double rate) const {
    const std::vector<Var> g = grad(cost, parameters);
    PlanOptions options;
    for (std::size_t k = 0; k < g.size(); ++k) {
      options.updates.emplace_back(parameters[k], parameters[k] - rate * g[k]);
    }
    return Plan({cost}, options);
  }

  NetworkData data;
  Tape tape;
  Var x, cost;
  std::vector<Var> parameters;

 protected:
  /// The next array of parameters.
  Var parameter() {
    const std::size_t k = parameters.size();
    return parameters.emplace_back(leaf(data.parameters.at(k).shape, data.parameter<double>(k)));
  }
  /// x W^T + b with the next two.
  Var dense(Var in) {
    const Var w = parameter();
    return affine(in, w, parameter());
  }
  /// Mean cross-entropy for logits (samples, classes), or (samples, 1) of two classes.
  void classify(Var logits) {
    assert(parameters.size() == data.parameters.size());
    if (data.classes == 1) {
      const Var y = leaf({data.batch, 1}, data.labels<double>());
      cost = mean(binary_cross_entropy_with_logits(logits, y));
    } else {
      const std::vector<Index> labels = data.labels<Index>();
      const Var y = tape.leaf(Tensor(Shape{data.batch}, std::span(labels)));
      cost = mean(cross_entropy_with_logits(logits, y));
    }
  }

 private:
  Var leaf(const std::vector<Index>& shape, const std::vector<double>& values) {
    return tape.leaf(Tensor(Shape(shape), std::span(values)));
  }
};

/// A dense network with ReLU.
struct Mlp : Network {
  Mlp(const std::string& name, DType precision) : Network(name, precision) {
    Var a = x;
    const std::size_t layers = data.parameters.size() / 2;
    for (std::size_t l = 1; l < layers; ++l) a = relu(dense(a));
    classify(dense(a));
  }
};

/// LeNet-5 on 28 x 28 images: two convolutions of 5 x 5, each with ReLU and 2 x 2 pooling, then
/// 400-120-84-10.
struct LeNet5 : Network {
  explicit LeNet5(DType precision) : Network("d", precision) {
    Var a = max_pool2d(relu(convolution(x, 2)), 2);
    a = max_pool2d(relu(convolution(a, 0)), 2);
    a = relu(dense(flatten(a, 1)));
    a = relu(dense(a));
    classify(dense(a));
  }

 private:
  Var convolution(Var in, Index padding) {
    const Var w = parameter();
    return conv2d(in, w, parameter(), {.padding = padding});
  }
};

/// An LSTM over x (time, samples, width), its last state to the classes.
struct LstmClassifier : Network {
  explicit LstmClassifier(DType precision) : Network("e", precision) {
    const Var zeros = tape.constant(Tensor(Shape{data.batch, x.shape()[2]}));
    const Var w_x = parameter(), w_h = parameter(), b_x = parameter(), b_h = parameter();
    classify(dense(lstm(x, {zeros, zeros}, {w_x, w_h, b_x, b_h}).last.h));
  }
};

/// A transformer encoder layer, the norm behind each sum, over x (samples, length, width); the mean
/// over the length to the classes.
struct EncoderClassifier : Network {
  explicit EncoderClassifier(DType precision) : Network("f", precision) {
    const Var w_in = parameter(), b_in = parameter(), w_out = parameter(), b_out = parameter();
    const AttentionWeights weights{w_in, w_out, b_in, b_out};
    Var a = normalized(x + multi_head_attention(x, x, x, weights, encoder_heads));
    const Var inner = relu(dense(a));
    a = normalized(a + dense(inner));
    classify(dense(mean(a, 1)));
  }

 private:
  Var normalized(Var in) {
    const Var gain = parameter();
    return layer_norm(in, gain, parameter());
  }
};

}  // namespace dtheta::bench
