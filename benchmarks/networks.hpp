#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "benchmarks/cases.hpp"
#include "nn/optimizer.hpp"

/// The networks of the benchmarks, recorded with the numbers of benchmarks/cases.hpp.
namespace dtheta::bench {

/// What they share: a tape, the cost of a batch, and the parameters to be trained.
struct Network {
  Network(const std::string& name, DType precision)
      : data(network_data(name)), tape(precision), x(leaf(data.input, data.x<double>())) {}

  /// Cost and a step of gradient descent, as one program.
  [[nodiscard]] Plan training_plan(double rate) const {
    PlanOptions options;
    options.updates = nn::Sgd{rate}(parameters, grad(cost, parameters)).updates;
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

/// A recurrent layer over x (time, samples, width), its last state to the classes.
struct RecurrentClassifier : Network {
  RecurrentClassifier(const std::string& name, DType precision) : Network(name, precision) {
    const Var zeros = tape.constant(Tensor(Shape{data.batch, x.shape()[2]}));
    const Var w_x = parameter(), w_h = parameter(), b_x = parameter(), b_h = parameter();
    const RecurrentWeights w{w_x, w_h, b_x, b_h};
    const RecurrentResult all = name == "gru-512"   ? gru(x, zeros, w)
                                : name == "rnn-512" ? rnn(x, zeros, w)
                                                    : lstm(x, {zeros, zeros}, w);
    classify(dense(all.last.h));
  }
};

/// A transformer encoder layer, the norm behind each sum, over x (samples, length, width); the mean
/// over the length to the classes.
struct EncoderClassifier : Network {
  EncoderClassifier(const std::string& name, DType precision) : Network(name, precision) {
    const Var w_in = parameter(), b_in = parameter(), w_out = parameter(), b_out = parameter();
    const AttentionWeights weights{w_in, w_out, b_in, b_out};
    Var a = normalized(x + multi_head_attention(x, x, x, weights, encoder_heads(x.shape()[2])));
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

/// Words looked up, the mean over each text to the classes.
struct TextClassifier : Network {
  explicit TextClassifier(DType precision) : Network("embedding", precision) {
    const std::vector<Index> all = texts();
    const Var at = tape.leaf(Tensor(Shape{data.batch, words}, std::span(all)));
    classify(dense(mean(take(parameter(), at), 1)));
  }
};

/// The convolutional networks of benchmarks/cases.hpp, the mean over the image to the classes.
struct ConvolutionalClassifier : Network {
  ConvolutionalClassifier(const std::string& name, DType precision) : Network(name, precision) {
    Var a = x;
    if (name == "conv-64") {
      for (int layer = 0; layer < 4; ++layer) a = relu(convolved(a, {.padding = 1}));
    } else if (name == "residual") {
      a = relu(convolved(a, {.padding = 1}));
      for (const Index stride : {1, 2, 2}) a = residual_block(a, stride);
    } else if (name == "separable") {
      for (int block = 0; block < 2; ++block) a = separable_block(a);
    } else {
      a = up_and_down(a);
    }
    classify(dense(mean(a, {2, 3})));
  }

 private:
  Var normalized(Var in) {
    const Var gain = parameter();
    return batch_norm(in, gain, parameter());
  }
  Var convolved(Var in, const ConvOptions& options) {
    return normalized(conv2d(in, parameter(), options));
  }
  Var residual_block(Var in, Index stride) {
    Var a = relu(convolved(in, {.stride = stride, .padding = 1}));
    a = convolved(a, {.padding = 1});
    return relu(a + (stride == 1 ? in : convolved(in, {.stride = stride})));
  }
  Var separable_block(Var in) {
    Var a = relu(convolved(in, {}));
    a = relu(convolved(a, {.padding = 1, .groups = a.shape()[1]}));
    return convolved(a, {});
  }
  Var up_and_down(Var in) {
    const Var fine = relu(convolved(in, {.padding = 1}));
    Var a = relu(convolved(fine, {.stride = 2, .padding = 1}));
    a = relu(convolved(a, {.padding = 1}));
    a = relu(normalized(conv_transpose2d(a, parameter(), {.stride = 2})));
    return relu(convolved(concat({fine, a}, 1), {.padding = 1}));
  }
};

}  // namespace dtheta::bench
