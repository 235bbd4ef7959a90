#include "autodiff/ops/shape/slice.hpp"
#include "networks.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/activations.hpp"
#include "nn/layers/bilinear.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/norm/rms_norm.hpp"

namespace dtheta::nn::test {
namespace {

/// The two halves of x, multiplied.
struct Halves {
  Bilinear bilinear{3, 3, 4};
  void fields(Fields& f) { f("bilinear", bilinear); }
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    return r(bilinear, slice(x, 1, {0, 3}), slice(x, 1, {3, 6}));
  }
};

}  // namespace

std::vector<Net> dense_nets() {
  constexpr Activation tanh = Activation::tanh;
  return {
      {"bilinear", {Halves{}, tanh, Linear(4, 2)}, numbers({5, 6})},
      {"dropout",
       {Linear(4, 6), tanh, Dropout(0.5), Linear(6, 2, {.bias = false})},
       numbers({5, 4})},
      {"embedding", {Embedding(6, 3), Flatten(), tanh, Linear(12, 2)}, indices({4, 4}, 6)},
      {"embedding with padding",
       {Embedding(6, 3, {.padding_index = 2}), Flatten(), tanh, Linear(12, 2)},
       indices({4, 4}, 6)},
      {"layer norm", {Linear(4, 6), LayerNorm(6), tanh, Linear(6, 2)}, numbers({5, 4})},
      {"rms norm", {Linear(4, 6), RMSNorm(6), tanh, Linear(6, 2)}, numbers({5, 4})},
  };
}

std::vector<Net> activation_nets() {
  const Tensor x = numbers({5, 4});
  std::vector<Net> nets;
  const auto add = [&](std::string name, AnyLayer f, Index out = 6) {
    nets.push_back({std::move(name), {Linear(4, 6), std::move(f), Linear(out, 2)}, x});
  };
  for (const char* name : {"identity",    "relu",       "relu6",    "leaky_relu",  "elu",
                           "celu",        "selu",       "gelu",     "gelu_tanh",   "silu",
                           "mish",        "softplus",   "softsign", "sigmoid",     "log_sigmoid",
                           "hardsigmoid", "hardswish",  "tanh",     "hardtanh",    "softshrink",
                           "hardshrink",  "tanhshrink", "softmax",  "log_softmax", "softmin"}) {
    add(name, parse_activation(name));
  }
  add("glu", Activation::glu, 3);
  add("LeakyReLU", LeakyReLU{0.3});
  add("ELU", ELU{0.5});
  add("CELU", CELU{2});
  add("Softplus", Softplus{3});
  add("Hardtanh", Hardtanh{-0.25, 0.5});
  add("Softshrink", Softshrink{0.1});
  add("Hardshrink", Hardshrink{0.1});
  add("Threshold", Threshold{0.1, -1});
  add("Softmax", Softmax{0});
  add("LogSoftmax", LogSoftmax{0});
  add("Softmin", Softmin{});
  add("GLU", GLU{}, 3);
  add("PReLU", PReLU(6));
  return nets;
}

}  // namespace dtheta::nn::test
